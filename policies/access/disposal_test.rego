package custos.access_test

# A disposal to which nothing is missing, in the first second after the schedule.
_disposal := {
	"action": "exhibit.dispose",
	"subject": "worker",
	"roles": ["worker"],
	"organisation": "custodian",
	"assurance": 1,
	"time": now,
	"exhibit": object.union(download.exhibit, {"acquiredAt": now - (365 * 86400), "retainUntil": now}),
}

test_disposal[note] if {
	some note, tc in {
		"when the schedule has ended": {"change": {}, "want": []},
		"a second before": {"change": {"time": now - 1}, "want": ["retention.running"]},
		"a second later": {"change": {"time": now + 1}, "want": []},
		"kept longer at the acquisition": {"change": {"exhibit": {"retainUntil": now + 1}}, "want": ["retention.running"]},
		"kept longer by the data of today": {
			"change": {"exhibit": {"acquiredAt": (now - (365 * 86400)) + 1}},
			"want": ["retention.running"],
		},
		"held": {"change": {"exhibit": {"hold": true}}, "want": ["exhibit.held"]},
		"held and running": {
			"change": {"time": now - 1, "exhibit": {"hold": true}},
			"want": ["exhibit.held", "retention.running"],
		},
		"disposed of before": {"change": {"exhibit": {"state": "disposed"}}, "want": ["exhibit.disposed"]},
		"of a type unheard of": {
			"change": {"exhibit": {"incidentType": "unheard-of"}},
			"want": ["retention.running", "retention.unknown"],
		},
		"by an officer": {
			"change": {"roles": ["officer"], "organisation": "agency-a"},
			"want": ["role.not-allowed"],
		},
	}
	reasons_of(object.union(_disposal, tc.change)) == tc.want
}

test_a_fact_that_is_missing_keeps_the_exhibit[path] if {
	some path in [
		"exhibit", "exhibit/hold", "exhibit/state", "exhibit/acquiredAt", "exhibit/retainUntil", "exhibit/incidentType",
		"exhibit/severity", "exhibit/jurisdiction", "time", "roles", "organisation", "assurance",
	]
	count(reasons_of(json.remove(_disposal, [path]))) > 0
}

test_a_hold_that_is_neither_true_nor_false_holds if {
	reasons_of(object.union(_disposal, {"exhibit": {"hold": null}})) == ["exhibit.held"]
}
