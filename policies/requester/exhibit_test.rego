package custos.requester_test

# What an officer of agency-a may do with an exhibit that lies where the agency is.
_near := {
	"action": "package.download",
	"request": {"agencyId": "agency-a"},
	"exhibit": {"region": "eu", "state": "kept"},
	"agency": {"id": "agency-a", "status": "active", "region": "eu", "mouUntil": 1767225601},
}

_needing := {
	"copy.preview", "disclosure.prepare", "master.open", "package.download", "plan.edit", "plan.render",
	"request.file",
}

_holding := {"hold.confirm", "hold.extend", "hold.place", "hold.request"}

test_what_was_disposed_of_is_only_read_about[action] if {
	some action in object.keys(data.actions)
	refused := {action} & ((_needing | _holding) | {"exhibit.dispose"})
	reasons := reasons_with(object.union(_near, {"action": action, "exhibit": {"state": "disposed"}}))
	count({"exhibit.disposed"} & reasons) == count(refused)
}

test_an_exhibit_of_no_known_state_is_gone if {
	reasons := reasons_with(object.union(json.remove(_near, ["exhibit/state"]), {"roles": ["officer"]}))
	reasons == {"exhibit.disposed"}
}

test_a_region_is_left_with_a_basis_only[action] if {
	some action in ["disclosure.prepare", "package.download", "request.file"]
	crossing := object.union(_near, {"action": action, "exhibit": {"region": "us"}})
	reasons_with(crossing) == {"region.crossing-without-basis"}
	reasons_with(object.union(crossing, {"authority": {"type": "warrant"}})) == {"region.crossing-without-basis"}
	reasons_with(object.union(crossing, {"authority": {"type": "mutual-legal-assistance"}})) == set()
}

test_a_region_that_is_missing_is_another[path] if {
	some path in ["exhibit/region", "agency/region"]
	"region.crossing-without-basis" in reasons_of(json.remove(object.union(reading, _near), [path]))
}
