package custos.disclosure

import data.custos.text

# METADATA
# description: No legal authority was named.
reasons contains "authority.missing" if not input.authority

# METADATA
# description: A part of the authority is missing or blank; the code names it.
reasons contains code if {
	input.authority
	some part, code in _absence
	part in _unwritten
}

# METADATA
# description: The authority does not say when it was issued.
reasons contains "authority.issued-at-missing" if {
	input.authority
	not input.authority.issuedAt
}

# METADATA
# description: An authority of this type comes with its document, and no digest of one was given.
reasons contains "authority.document-missing" if {
	_kind.document
	not _documented
}

# METADATA
# description: The authority's scope is neither `general` nor the type of this incident.
reasons contains "authority.scope-too-narrow" if {
	input.exhibit
	"scope" in _written
	not _in_scope
}

_absence := {
	"identifier": "authority.identifier-missing",
	"issuer": "authority.issuer-missing",
	"scope": "authority.scope-missing",
	"type": "authority.type-missing",
}

_written contains part if {
	some part, value in input.authority
	part in object.keys(_absence)
	text.given(value)
}

_unwritten := object.keys(_absence) - _written

_documented if text.given(input.authority.documentSha256)

_in_scope if input.authority.scope in {"general", input.exhibit.incidentType}

_kind := data.authorities[input.authority.type]
