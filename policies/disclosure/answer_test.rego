package custos.disclosure_test

import data.custos.disclosure

now := 1767225600

# A request to which nothing is missing. Every test of this room changes it in one place.
permitted := {
	"action": "request.file",
	"subject": "officer-1",
	"roles": ["officer"],
	"organisation": "agency-a",
	"assurance": 2,
	"time": now,
	"purpose": "criminal-investigation",
	"authority": {
		"type": "warrant",
		"identifier": "W-2025-114",
		"issuer": "district court",
		"issuedAt": now - 3600,
		"scope": "theft",
		"documentSha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
	},
	"justification": "Identify the person who left without paying",
	"exhibit": {
		"class": "video",
		"sensitivity": "ordinary",
		"region": "eu",
		"hold": false,
		"state": "kept",
		"incidentType": "theft",
		"severity": "medium",
		"jurisdiction": "default",
		"acquiredAt": now - 86400,
		"retainUntil": now + (364 * 86400),
		"agencyId": "agency-a",
	},
	"agency": {"id": "agency-a", "status": "active", "region": "eu", "mouUntil": now + 86400},
}

with_changes(changes) := object.union(permitted, changes)

without(path) := json.remove(permitted, [path])

# What the whole rule gives as reasons.
reasons_of(facts) := reasons if {
	reasons := disclosure.answer.reasons with input as facts
}

test_a_whole_request_is_permitted_with_obligations if {
	answer := disclosure.answer with input as permitted
	answer.outcome == "permit"
	answer.reasons == []
	answer.obligations.redact == ["face", "plate"]
	answer.obligations.audio == "drop"
	answer.obligations.region == "eu"
}

test_nothing_known_is_refused if {
	answer := disclosure.answer with input as {}
	answer.outcome == "refuse"
	not answer.obligations
}

test_an_undefined_input_is_refused if {
	disclosure.answer.outcome == "refuse"
}

test_a_permit_without_obligations_is_undecided if {
	holed := json.remove(data.release, ["fill"])
	answer := disclosure.answer with input as permitted with data.release as holed
	answer == {"outcome": "refuse", "reasons": ["policy.undecided"]}
}

test_every_failed_rule_is_named_at_once_and_in_order if {
	reasons_of(with_changes({
		"purpose": "curiosity",
		"justification": "because",
		"agency": {"status": "suspended"},
		"authority": {"issuedAt": now + 60},
	})) == ["agency.inactive", "authority.not-yet-issued", "justification.too-short", "purpose.unknown"]
}

test_only_the_filing_of_a_request_is_judged_here if {
	reasons_of(with_changes({"action": "exhibit.read"})) == ["action.not-a-request"]
}
