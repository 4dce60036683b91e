package custos.requester

# METADATA
# description: None of the roles may do this.
reasons contains "role.not-allowed" if not _allowed

# METADATA
# description: The roles belong to more than one side, so that the one who asks could also be the one who grants.
reasons contains "role.conflict" if not _one_sided

# METADATA
# description: The identity was not proven strongly enough for this.
reasons contains "assurance.too-low" if not _assured

# METADATA
# description: Whoever acts for the custodian must be of the custodian.
reasons contains "organisation.not-custodian" if {
	_for_custodian
	not _of_custodian
}

# METADATA
# description: Whether an agency's person asks; tenancy binds these.
from_agency if "agency" in _sides

_sides contains side if {
	some role in input.roles
	side := data.roles[role].side
}

_allowed if {
	some role in input.roles
	role in action.roles
}

_one_sided if {
	count(_sides) <= 1
	every role in input.roles { data.roles[role] }
}

_assured if input.assurance >= action.assurance

_for_custodian if "custodian" in _sides

_for_custodian if "service" in _sides

_of_custodian if input.organisation == "custodian"
