package custos.disclosure_test

test_justification[note] if {
	some note, tc in {
		"absent": {"facts": without("justification"), "want": ["justification.missing"]},
		"blank": {
			"facts": with_changes({"justification": " \t\n                   "}),
			"want": ["justification.missing"],
		},
		"invisible": {
			"facts": with_changes({"justification": "\u200b\u2060\u00a0\ufeff"}),
			"want": ["justification.missing"],
		},
		"stretched": {
			"facts": with_changes({"justification": "b e c a u s e            "}),
			"want": ["justification.too-short"],
		},
		"of 19": {
			"facts": with_changes({"justification": "abcdefghijklmnopqrs"}),
			"want": ["justification.too-short"],
		},
		"of 20": {"facts": with_changes({"justification": "abcdefghijklmnopqrst"}), "want": []},
	}
	reasons_of(tc.facts) == tc.want
}
