package custos.disclosure

import data.custos.obligations

# METADATA
# description: The type of authority is not in data/authorities.json.
reasons contains "authority.type-unknown" if {
	"type" in _written
	not _kind
}

# METADATA
# description: The purpose cannot rest on an authority of this type.
reasons contains "authority.type-not-for-purpose" if {
	_kind
	_purpose
	not obligations.cell
}
