package custos.requester_test

test_tenant[note] if {
	some note, tc in {
		"request of another agency": {"change": {"request": {"agencyId": "agency-b"}}, "want": {"tenant.mismatch"}},
		"exhibit of another agency": {"change": {"exhibit": {"agencyId": "agency-b"}}, "want": {"tenant.mismatch"}},
		"facts of another agency": {"change": {"agency": {"id": "agency-b"}}, "want": {"tenant.mismatch"}},
		"agency without a name": {"change": {"agency": {}}, "want": {"tenant.mismatch"}},
		"all of one agency": {
			"change": {"agency": {"id": "agency-a"}, "exhibit": {"agencyId": "agency-a"}},
			"want": set(),
		},
		"an auditor, who belongs to none": {"change": {"roles": ["auditor"], "organisation": "custodian"}, "want": set()},
		"an auditor, over things that do not belong together": {
			"change": {"roles": ["auditor"], "organisation": "custodian", "exhibit": {"agencyId": "agency-b"}},
			"want": {"tenant.mismatch"},
		},
	}
	reasons_with(tc.change) == tc.want
}

test_a_request_of_nobody_is_not_ones_own if {
	reasons_of(json.remove(reading, ["request/agencyId"])) == {"tenant.mismatch"}
}
