package custos.requester_test

_filing := {"action": "request.file", "exhibit": {"region": "eu", "state": "kept"}}

_agency := {"id": "agency-a", "status": "active", "region": "eu", "mouUntil": 1767225601}

test_standing[note] if {
	some note, tc in {
		"unknown agency": {"facts": {}, "want": {"agency.missing"}},
		"active, with a current memorandum": {"facts": {"agency": _agency}, "want": set()},
		"suspended": {"facts": {"agency": object.union(_agency, {"status": "suspended"})}, "want": {"agency.inactive"}},
		"of no known status": {"facts": {"agency": json.remove(_agency, ["status"])}, "want": {"agency.inactive"}},
		"without memorandum": {"facts": {"agency": json.remove(_agency, ["mouUntil"])}, "want": {"agency.mou-missing"}},
		"with one that runs out now": {
			"facts": {"agency": object.union(_agency, {"mouUntil": 1767225600})},
			"want": {"agency.mou-expired"},
		},
	}
	reasons_with(object.union(_filing, tc.facts)) == tc.want
}

test_reading_ones_own_request_asks_for_no_standing if {
	reasons_with({"agency": {"id": "agency-a", "status": "suspended"}}) == set()
}
