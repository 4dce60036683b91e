package custos.requester_test

import data.custos.requester

# What an agency's officer needs to read a request of the agency.
reading := {
	"action": "request.read",
	"subject": "officer-1",
	"roles": ["officer"],
	"organisation": "agency-a",
	"assurance": 2,
	"time": 1767225600,
	"request": {"agencyId": "agency-a"},
}

reasons_of(facts) := reasons if {
	reasons := requester.reasons with input as facts
}

reasons_with(changes) := reasons_of(object.union(reading, changes))

test_reading_ones_own_request_has_no_reason_against_it if {
	reasons_of(reading) == set()
}

test_an_action_that_is_not_listed_is_refused if {
	"action.unknown" in reasons_with({"action": "exhibit.delete"})
	"action.unknown" in reasons_of(json.remove(reading, ["action"]))
}

test_what_the_action_needs_must_be_there if {
	reasons_of(json.remove(reading, ["request"])) == {"request.missing"}
	reasons_with({"action": "exhibit.read"}) == {"exhibit.missing"}
	{"exhibit.missing", "hold.missing"} - reasons_with({"action": "hold.extend"}) == set()
	not "hold.missing" in reasons_with({"action": "hold.extend", "hold": {"kind": "request"}})
}
