package custos.access_test

_editing := {
	"action": "plan.edit",
	"subject": "manager-1",
	"roles": ["records-manager"],
	"organisation": "custodian",
	"assurance": 2,
	"time": now,
	"purpose": "criminal-investigation",
	"justification": "A price label, and nobody's face",
	"exhibit": object.union(download.exhibit, {"agencyId": "agency-a"}),
	"request": download.request,
	"edit": {"operation": "delete", "class": "face", "origin": "detector", "ground": "false-detection"},
}

_edit(operation, ground) := {"edit": {"operation": operation, "ground": ground}}

test_editing[note] if {
	some note, tc in {
		"a false track away": {"change": {}, "want": []},
		"the suspect into sight": {"change": _edit("visible", "suspect-visible"), "want": []},
		"a region in": {"change": {"edit": {"operation": "add", "class": "region", "ground": "child"}}, "want": []},
		"frames blank": {"change": _edit("blank", "other-information"), "want": []},
		"a track covered again": {"change": _edit("cover", "personal-data"), "want": []},
		"without a word why": {"change": {"justification": " \u200b"}, "want": ["edit.reason-missing"]},
		"on a blank ground": {"change": _edit("delete", " "), "want": ["edit.ground-missing"]},
		"on a ground unheard of": {"change": _edit("delete", "whim"), "want": ["edit.ground-unknown"]},
		"away what covers": {"change": _edit("delete", "personal-data"), "want": ["edit.ground-not-for-edit"]},
		"into sight what covers": {"change": _edit("visible", "child"), "want": ["edit.ground-not-for-edit"]},
		"away the suspect": {"change": _edit("delete", "suspect-visible"), "want": ["edit.ground-not-for-edit"]},
		"a region in on a ground that shows": {"change": _edit("add", "consent"), "want": ["edit.ground-not-for-edit"]},
		"a track to a ground that shows": {"change": _edit("set", "consent"), "want": ["edit.ground-not-for-edit"]},
		"a detector's track as a slip of the hand": {
			"change": _edit("delete", "drawn-in-error"),
			"want": ["edit.ground-not-for-edit"],
		},
		"a slip of the hand away": {
			"change": {"edit": {"origin": "person", "ground": "drawn-in-error"}},
			"want": [],
		},
		"for a purpose that shows no suspect": {
			"change": object.union(_edit("visible", "suspect-visible"), {"purpose": "defence"}),
			"want": ["edit.ground-not-for-purpose"],
		},
		"for no purpose": {
			"change": object.union(_edit("visible", "suspect-visible"), {"purpose": ""}),
			"want": ["edit.ground-not-for-purpose"],
		},
		"by an operation unheard of": {"change": _edit("burn", "child"), "want": ["edit.ground-not-for-edit"]},
		"what was disposed of": {"change": {"exhibit": {"state": "disposed"}}, "want": ["exhibit.disposed"]},
		"for a request that is over": {"change": {"time": now + 60}, "want": ["request.expired"]},
		"for a request that was refused": {
			"change": {"request": {"state": "refused"}},
			"want": ["request.not-permitted"],
		},
		"with one factor": {"change": {"assurance": 1}, "want": ["assurance.too-low"]},
		"by an officer": {
			"change": {"roles": ["officer"], "organisation": "agency-a"},
			"want": ["role.not-allowed"],
		},
	}
	reasons_of(object.union(_editing, tc.change)) == tc.want
}

test_a_track_keeps_its_ground_where_none_is_stated if {
	some operation in ["extend", "set"]
	unstated := json.remove(object.union(_editing, {"edit": {"operation": operation}}), ["edit/ground"])
	reasons_of(unstated) == []
}

test_an_edit_that_loses_a_fact_is_refused[path] if {
	some path in [
		"edit", "edit/operation", "edit/origin", "edit/ground", "justification", "purpose", "exhibit", "exhibit/state",
		"request", "request/state", "request/expiresAt", "time", "roles", "organisation", "assurance",
	]
	count(reasons_of(json.remove(_editing, [path]))) > 0
}

test_no_ground_that_covers_shows_anything[ground] if {
	some ground in object.keys(data.grounds.cover)
	some operation in ["delete", "visible"]
	reasons_of(object.union(_editing, _edit(operation, ground))) == ["edit.ground-not-for-edit"]
}
