package custos.disclosure_test

test_authority_type[note] if {
	some note, tc in {
		"absent": {
			"facts": without("authority/type"),
			"want": ["authority.type-missing"],
		},
		"not in the closed list": {
			"facts": with_changes({"authority": {"type": "letter"}}),
			"want": ["authority.type-unknown", "sensitivity.authority-too-weak"],
		},
		"not for this purpose": {
			"facts": with_changes({"authority": {"type": "subpoena"}}),
			"want": ["authority.type-not-for-purpose"],
		},
	}
	reasons_of(tc.facts) == tc.want
}
