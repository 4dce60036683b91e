package custos.access_test

import data.custos.access

_placing := {
	"action": "hold.place",
	"subject": "manager-1",
	"roles": ["records-manager"],
	"organisation": "custodian",
	"assurance": 2,
	"time": now,
	"justification": "Legal process will follow",
	"authority": {"type": "preservation-request", "identifier": "P-7", "issuer": "agency-c", "issuedAt": now},
	"exhibit": object.union(download.exhibit, {"agencyId": "agency-a"}),
	"hold": {"kind": "preservation", "organisation": "agency-c", "placedAt": now, "extensions": 0, "confirmed": false},
}

_requesting := object.union(json.remove(download, ["request"]), {
	"action": "hold.request",
	"hold": {"kind": "request", "organisation": "agency-a", "placedAt": now, "extensions": 0, "confirmed": false},
})

_lapsing := {"lapsesAt": now + 60}

test_placing[note] if {
	some note, tc in {
		"in order": {"change": {}, "want": []},
		"of a request's kind": {
			"change": {"hold": {"kind": "request"}},
			"want": ["hold.kind-not-allowed"],
		},
		"of no known kind": {
			"change": {"hold": {"kind": "whim"}},
			"want": ["hold.kind-not-allowed"],
		},
		"without a word why": {"change": {"justification": " \u200b"}, "want": ["hold.reason-missing"]},
		"under an authority of no number": {
			"change": {"authority": {"identifier": " "}},
			"want": ["hold.authority-missing"],
		},
		"under an authority of tomorrow": {
			"change": {"authority": {"issuedAt": now + 1}},
			"want": ["hold.authority-missing"],
		},
		"under another kind's authority": {
			"change": {"authority": {"type": "litigation-notice"}},
			"want": ["hold.authority-not-for-kind"],
		},
		"on what was disposed of": {"change": {"exhibit": {"state": "disposed"}}, "want": ["exhibit.disposed"]},
		"with one factor": {"change": {"assurance": 1}, "want": ["assurance.too-low"]},
		"by a person of the store": {"change": {"roles": ["store-operator"]}, "want": ["role.not-allowed"]},
	}
	reasons_of(object.union(_placing, tc.change)) == tc.want
}

test_a_part_that_is_missing_places_nothing[path] if {
	some path in [
		"authority", "authority/type", "authority/identifier", "authority/issuer", "authority/issuedAt", "justification",
		"hold", "hold/kind", "exhibit", "exhibit/state", "time",
	]
	count(reasons_of(json.remove(_placing, [path]))) > 0
}

test_a_hold_is_told_how_long_it_lasts if {
	_obligations(_placing) == {"holdDays": 90}
	ordered := {"hold": {"kind": "court-order"}, "authority": {"type": "court-order"}}
	_obligations(object.union(_placing, ordered)) == {}
	_obligations(_requesting) == {"holdDays": 60}
}

test_requesting[note] if {
	some note, tc in {
		"in order": {"change": {}, "want": []},
		"without purpose or authority": {"change": {"purpose": "", "authority": {"type": ""}}, "want": []},
		"by an agency that is suspended": {"change": {"agency": {"status": "suspended"}}, "want": ["agency.inactive"]},
		"by an agency without memorandum": {"change": {"agency": {"mouUntil": now}}, "want": ["agency.mou-expired"]},
		"of another agency's exhibit": {"change": {"exhibit": {"agencyId": "agency-b"}}, "want": ["tenant.mismatch"]},
		"of what was disposed of": {"change": {"exhibit": {"state": "disposed"}}, "want": ["exhibit.disposed"]},
		"of a kind that only the custodian places": {
			"change": {"hold": {"kind": "court-order"}},
			"want": ["hold.kind-not-allowed"],
		},
		"with one factor": {"change": {"assurance": 1}, "want": ["assurance.too-low"]},
	}
	reasons_of(object.union(_requesting, tc.change)) == tc.want
}

test_extending[note] if {
	some note, tc in {
		"once": {"change": {"hold": _lapsing}, "want": []},
		"twice": {"change": {"hold": object.union(_lapsing, {"extensions": 1})}, "want": ["hold.extensions-spent"]},
		"a request's, once": {"change": {"hold": object.union(_lapsing, {"kind": "request"})}, "want": []},
		"what does not lapse any more": {"change": {}, "want": ["hold.not-extendable"]},
		"what never lapses": {
			"change": {"hold": object.union(_lapsing, {"kind": "litigation"})},
			"want": ["hold.not-extendable"],
		},
		"of no known kind": {
			"change": {"hold": object.union(_lapsing, {"kind": "whim"})},
			"want": ["hold.kind-not-allowed", "hold.not-extendable"],
		},
	}
	reasons_of(object.union_n([_placing, {"action": "hold.extend"}, tc.change])) == tc.want
}

test_an_extension_is_told_its_days_and_needs_every_fact if {
	extending := object.union(_placing, {"action": "hold.extend", "hold": _lapsing})
	_obligations(extending) == {"holdDays": 90}
	reasons_of(json.remove(extending, ["hold/extensions"])) == ["hold.extensions-spent"]
	reasons_of(json.remove(extending, ["hold/kind"])) == ["hold.kind-not-allowed", "hold.not-extendable"]
}

test_only_the_hold_of_a_request_is_confirmed if {
	confirming := object.union(_placing, {"action": "hold.confirm"})
	reasons_of(confirming) == ["hold.not-confirmable"]
	reasons_of(object.union(confirming, {"hold": {"kind": "request"}})) == []
	reasons_of(object.union(confirming, {"hold": {"kind": "litigation"}})) == ["hold.not-confirmable"]
}

test_lifting_needs_a_reason_and_what_its_kind_asks if {
	lifting := object.union(json.remove(_placing, ["authority"]), {"action": "hold.lift"})
	reasons_of(lifting) == []
	reasons_of(json.remove(lifting, ["justification"])) == ["hold.reason-missing"]
	reasons_of(object.union(lifting, {"exhibit": {"state": "disposed"}})) == []
	reasons_of(json.remove(lifting, ["hold/kind"])) == ["hold.kind-not-allowed"]
	ordered := object.union(lifting, {"hold": {"kind": "court-order"}})
	reasons_of(ordered) == ["hold.authority-missing"]
	order := object.union(_placing.authority, {"type": "court-order"})
	reasons_of(object.union(ordered, {"authority": order})) == []
	reasons_of(object.union(ordered, {"authority": _placing.authority})) == ["hold.authority-not-for-kind"]
}

_obligations(facts) := obligations if {
	obligations := access.answer.obligations with input as facts
}
