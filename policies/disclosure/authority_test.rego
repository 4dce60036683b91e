package custos.disclosure_test

test_authority[note] if {
	some note, tc in {
		"absent": {"facts": without("authority"), "want": ["authority.missing"]},
		"without identifier": {
			"facts": without("authority/identifier"),
			"want": ["authority.identifier-missing"],
		},
		"with a blank issuer": {"facts": with_changes({"authority": {"issuer": "\t"}}), "want": ["authority.issuer-missing"]},
		"without date": {"facts": without("authority/issuedAt"), "want": ["authority.issued-at-missing"]},
		"without scope": {"facts": without("authority/scope"), "want": ["authority.scope-missing"]},
		"without document": {"facts": without("authority/documentSha256"), "want": ["authority.document-missing"]},
		"of another scope": {
			"facts": with_changes({"authority": {"scope": "fraud"}}),
			"want": ["authority.scope-too-narrow"],
		},
		"of general scope": {"facts": with_changes({"authority": {"scope": "general"}}), "want": []},
	}
	reasons_of(tc.facts) == tc.want
}

test_an_emergency_needs_no_document if {
	emergency := object.union(without("authority/documentSha256"), {
		"purpose": "protection-of-life",
		"authority": {"type": "emergency-declaration"},
	})
	reasons_of(emergency) == []
}
