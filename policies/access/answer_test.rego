package custos.access_test

import data.custos.access

now := 1767225600

# A download to which nothing is missing. Every test of this room changes it in one place.
download := {
	"action": "package.download",
	"subject": "officer-1",
	"roles": ["officer"],
	"organisation": "agency-a",
	"assurance": 2,
	"time": now,
	"purpose": "criminal-investigation",
	"authority": {"type": "warrant"},
	"exhibit": {
		"class": "video",
		"sensitivity": "ordinary",
		"region": "eu",
		"hold": false,
		"state": "kept",
		"incidentType": "theft",
		"severity": "medium",
		"jurisdiction": "default",
		"acquiredAt": now - 86400,
		"retainUntil": now + (364 * 86400),
	},
	"request": {"state": "permitted", "agencyId": "agency-a", "expiresAt": now + 60, "approvals": 0, "downloads": 4},
	"agency": {"id": "agency-a", "status": "active", "region": "eu", "mouUntil": now + 60},
}

with_changes(changes) := object.union(download, changes)

reasons_of(facts) := reasons if {
	reasons := access.answer.reasons with input as facts
}

test_a_download_in_order_is_permitted if {
	answer := access.answer with input as download
	answer == {"outcome": "permit", "reasons": [], "obligations": {}}
}

test_nothing_known_is_refused if {
	answer := access.answer with input as {}
	answer.outcome == "refuse"
	answer.reasons == ["action.unknown", "assurance.too-low", "role.conflict", "role.not-allowed", "tenant.mismatch"]
}

test_an_undefined_input_is_refused if {
	access.answer.outcome == "refuse"
}

test_a_permit_without_obligations_is_undecided if {
	answer := access.answer with input as {} with data.custos.requester.reasons as set()
	answer == {"outcome": "refuse", "reasons": ["policy.undecided"]}
}

test_every_failed_rule_is_named_at_once_and_in_order if {
	reasons_of(with_changes({
		"assurance": 1,
		"organisation": "agency-b",
		"request": {"state": "refused", "downloads": 5},
	})) == ["assurance.too-low", "request.downloads-spent", "request.not-permitted", "tenant.mismatch"]
}
