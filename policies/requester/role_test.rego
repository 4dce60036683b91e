package custos.requester_test

# Who may do what: one row for each action, one column for each role; everything else is refused.
_may := {
	"copy.preview": {"records-manager"},
	"disclosure.prepare": {"officer", "lawyer", "records-manager"},
	"disclosure.read": {"officer", "lawyer", "records-manager", "auditor"},
	"disclosure.review": {"records-manager"},
	"exhibit.acquire": {"device", "store-operator", "records-manager"},
	"exhibit.dispose": {"worker"},
	"exhibit.read": {"officer", "lawyer", "store-operator", "records-manager", "auditor"},
	"hold.confirm": {"records-manager"},
	"hold.extend": {"records-manager"},
	"hold.lift": {"records-manager"},
	"hold.place": {"records-manager"},
	"hold.read": {"officer", "lawyer", "records-manager", "auditor"},
	"hold.request": {"officer", "lawyer"},
	"incident.read": {"store-operator", "records-manager", "auditor"},
	"incident.record": {"device", "store-operator", "records-manager"},
	"ledger.read-entries": {"auditor"},
	"master.open": {"worker"},
	"package.download": {"officer", "lawyer"},
	"plan.edit": {"records-manager"},
	"plan.read": {"records-manager", "auditor"},
	"plan.render": {"records-manager"},
	"request.approve": {"records-manager"},
	"request.file": {"officer", "lawyer"},
	"request.read": {"officer", "lawyer", "records-manager", "auditor"},
	"retention.report": {"records-manager", "auditor"},
}

test_role_table[note] if {
	some action in object.keys(data.actions)
	some role in object.keys(data.roles)
	note := concat(" ", [role, action])
	reasons := reasons_with({"action": action, "roles": [role]})
	count({"role.not-allowed"} - reasons) == count({role} & _may[action])
}

test_roles[note] if {
	some note, tc in {
		"none": {"roles": [], "want": {"role.not-allowed"}},
		"of two sides": {"roles": ["officer", "records-manager"], "want": {"role.conflict", "organisation.not-custodian"}},
		"of one side": {"roles": ["officer", "lawyer"], "want": set()},
		"unheard of, beside a good one": {"roles": ["officer", "owner"], "want": {"role.conflict"}},
	}
	reasons_with({"roles": tc.roles}) == tc.want
}

test_no_roles_at_all_are_refused if {
	reasons_of(json.remove(reading, ["roles"])) == {"role.conflict", "role.not-allowed"}
}

test_assurance_must_reach_what_the_action_asks if {
	filing := {"action": "request.file", "exhibit": {}}
	not "assurance.too-low" in reasons_with(filing)
	"assurance.too-low" in reasons_with(object.union(filing, {"assurance": 1}))
	"assurance.too-low" in reasons_of(json.remove(reading, ["assurance"]))
}

test_who_acts_for_the_custodian_is_of_it if {
	"organisation.not-custodian" in reasons_with({"action": "request.approve", "roles": ["records-manager"]})
	of_it := {"action": "request.approve", "roles": ["records-manager"], "organisation": "custodian"}
	not "organisation.not-custodian" in reasons_with(of_it)
	"organisation.not-custodian" in reasons_with({"action": "master.open", "roles": ["worker"]})
}
