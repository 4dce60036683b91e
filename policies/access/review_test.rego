package custos.access_test

_reviewing := {
	"action": "disclosure.review",
	"subject": "manager-1",
	"roles": ["records-manager"],
	"organisation": "custodian",
	"assurance": 2,
	"time": now,
	"exhibit": object.union(download.exhibit, {"agencyId": "agency-a"}),
	"request": download.request,
	"review": {"outcome": "release", "editors": []},
}

test_reviewing[note] if {
	some note, tc in {
		"what nobody edited": {"change": {}, "want": []},
		"what another edited": {"change": {"review": {"editors": ["manager-2"]}}, "want": []},
		"what one edited oneself": {
			"change": {"review": {"editors": ["manager-2", "manager-1"]}},
			"want": ["review.own-edit"],
		},
		"and withholding what one edited oneself": {
			"change": {"review": {"editors": ["manager-1"], "outcome": "withhold"}},
			"want": [],
		},
		"with one factor": {"change": {"assurance": 1}, "want": ["assurance.too-low"]},
	}
	reasons_of(object.union(_reviewing, tc.change)) == tc.want
}

test_a_review_that_loses_a_fact_is_refused[path] if {
	some path in ["review", "review/outcome", "review/editors", "subject", "exhibit", "request", "time", "roles"]
	count(reasons_of(json.remove(_reviewing, [path]))) > 0
}
