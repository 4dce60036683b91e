package custos.access_test

test_request[note] if {
	some note, tc in {
		"refused": {"change": {"request": {"state": "refused"}}, "want": ["request.not-permitted"]},
		"on its last second": {"change": {"time": now + 59}, "want": []},
		"a second later": {"change": {"request": {"expiresAt": now}}, "want": ["request.expired"]},
		"with one download left": {"change": {"request": {"downloads": 4}}, "want": []},
		"with none left": {"change": {"request": {"downloads": 5}}, "want": ["request.downloads-spent"]},
		"not approved": {
			"change": {"exhibit": {"sensitivity": "sensitive"}},
			"want": ["request.approvals-missing"],
		},
		"approved": {"change": {"exhibit": {"sensitivity": "sensitive"}, "request": {"approvals": 1}}, "want": []},
		"without a cell": {
			"change": {"authority": {"type": "subpoena"}},
			"want": ["obligations.unknown", "request.approvals-missing", "request.downloads-spent"],
		},
	}
	reasons_of(with_changes(tc.change)) == tc.want
}

test_a_part_that_is_missing_refuses[path] if {
	some path in [
		"action", "agency", "agency/mouUntil", "agency/status", "assurance", "authority", "exhibit", "organisation",
		"purpose", "request", "request/approvals", "request/downloads", "request/expiresAt", "request/state", "roles", "time",
	]
	count(reasons_of(json.remove(download, [path]))) > 0
}

test_a_worker_opens_a_master_only_for_a_request_in_force if {
	opening := {"action": "master.open", "roles": ["worker"], "organisation": "custodian"}
	reasons_of(with_changes(opening)) == []
	reasons_of(with_changes(object.union(opening, {"request": {"state": "refused"}}))) == ["request.not-permitted"]
	reasons_of(with_changes(object.union(opening, {"time": now + 60}))) == ["request.expired"]
}
