package custos.access_test

import data.custos.access

_reading := json.remove(with_changes({"action": "exhibit.read"}), ["request"])

test_an_agency_sees[note] if {
	some note, tc in {
		"no exhibit that is nobody's": {"change": {}, "want": ["tenant.mismatch"]},
		"its own": {"change": {"exhibit": {"agencyId": "agency-a"}}, "want": []},
		"not another's": {"change": {"exhibit": {"agencyId": "agency-b"}}, "want": ["tenant.mismatch"]},
		"what it was permitted": {"change": {"request": download.request}, "want": []},
		"not what it was refused": {
			"change": {"request": object.union(download.request, {"state": "refused"})},
			"want": ["tenant.mismatch"],
		},
	}
	reasons_of(object.union(_reading, tc.change)) == tc.want
}

test_its_holds_are_seen_by_whom_it_is_seen if {
	foreign := object.union(_reading, {"action": "hold.read", "exhibit": {"agencyId": "agency-b"}})
	reasons_of(foreign) == ["tenant.mismatch"]
	reasons_of(object.union(_reading, {"action": "hold.read", "exhibit": {"agencyId": "agency-a"}})) == []
}

test_the_custodian_sees_every_exhibit if {
	reasons_of(object.union(_reading, {"roles": ["store-operator"], "organisation": "custodian"})) == []
}

test_an_acquisition_is_told_its_retention if {
	answer := access.answer with input as with_changes({
		"action": "exhibit.acquire",
		"roles": ["device"],
		"organisation": "custodian",
	})
	answer == {"outcome": "permit", "reasons": [], "obligations": {"lockDays": 14, "retentionDays": 365}}
}

test_no_acquisition_without_retention[part] if {
	some part in ["incidentType", "severity", "jurisdiction"]
	reasons_of(with_changes({
		"action": "exhibit.acquire",
		"roles": ["device"],
		"organisation": "custodian",
		"exhibit": {part: "unheard-of"},
	})) == ["retention.unknown"]
}
