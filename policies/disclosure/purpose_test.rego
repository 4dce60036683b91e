package custos.disclosure_test

test_purpose[note] if {
	some note, tc in {
		"absent": {"facts": without("purpose"), "want": ["purpose.missing"]},
		"blank": {"facts": with_changes({"purpose": " \u200b"}), "want": ["purpose.missing"]},
		"not in the closed list": {"facts": with_changes({"purpose": "curiosity"}), "want": ["purpose.unknown"]},
		"in another spelling": {"facts": with_changes({"purpose": "Criminal-Investigation"}), "want": ["purpose.unknown"]},
		"of another role": {
			"facts": with_changes({"roles": ["lawyer"]}),
			"want": ["purpose.role-not-allowed"],
		},
		"of one of two roles": {"facts": with_changes({"roles": ["lawyer", "officer"]}), "want": []},
	}
	reasons_of(tc.facts) == tc.want
}
