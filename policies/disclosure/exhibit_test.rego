package custos.disclosure_test

test_exhibit[note] if {
	some note, tc in {
		"absent": {"facts": without("exhibit"), "want": ["exhibit.missing"]},
		"of a class that nothing redacts": {
			"facts": with_changes({"exhibit": {"class": "audio"}}),
			"want": ["exhibit.class-not-releasable"],
		},
		"too sensitive": {
			"facts": with_changes({
				"authority": {"type": "production-order"},
				"exhibit": {"sensitivity": "restricted"},
			}),
			"want": ["sensitivity.authority-too-weak"],
		},
		"sensitive, under a strong authority": {
			"facts": with_changes({"exhibit": {"sensitivity": "restricted"}}),
			"want": [],
		},
		"of an incident of no listed type": {
			"facts": with_changes({"authority": {"scope": "general"}, "exhibit": {"incidentType": "unheard-of"}}),
			"want": ["retention.unknown"],
		},
		"in another region": {
			"facts": with_changes({"exhibit": {"region": "us"}}),
			"want": ["region.crossing-without-basis"],
		},
		"in a region of which nothing is laid down": {
			"facts": with_changes({"agency": {"region": "elsewhere"}}),
			"want": ["region.crossing-without-basis"],
		},
		"in another region, under a treaty": {
			"facts": with_changes({"exhibit": {"region": "us"}, "authority": {"type": "mutual-legal-assistance"}}),
			"want": [],
		},
		"disposed of": {"facts": with_changes({"exhibit": {"state": "disposed"}}), "want": ["exhibit.disposed"]},
		"of another agency": {"facts": with_changes({"exhibit": {"agencyId": "agency-b"}}), "want": ["tenant.mismatch"]},
		"of no agency yet": {"facts": without("exhibit/agencyId"), "want": []},
	}
	reasons_of(tc.facts) == tc.want
}
