package custos.disclosure_test

_day := 86400

test_authority_time[note] if {
	some note, tc in {
		"issued now": {"issuedAt": now, "want": []},
		"issued in a second": {"issuedAt": now + 1, "want": ["authority.not-yet-issued"]},
		"on its last second": {"issuedAt": now - (14 * _day), "want": []},
		"a second later": {"issuedAt": now - ((14 * _day) + 1), "want": ["authority.expired"]},
		"at the epoch": {"issuedAt": 0, "want": ["authority.expired"]},
	}
	reasons_of(with_changes({"authority": {"issuedAt": tc.issuedAt}})) == tc.want
}

test_no_time_proves_nothing if {
	reasons_of(without("time")) == ["agency.mou-expired", "authority.expired", "authority.not-yet-issued"]
}
