package custos.access

import data.custos.obligations
import data.custos.text

# METADATA
# description: A hold of this kind is not placed, or not changed, by this act.
reasons contains "hold.kind-not-allowed" if {
	input.action in {"hold.request", "hold.place", "hold.extend", "hold.confirm", "hold.lift"}
	input.hold
	not _kind_fits
}

# METADATA
# description: Nobody wrote down why the hold is placed or lifted.
reasons contains "hold.reason-missing" if {
	input.action in {"hold.place", "hold.lift"}
	not _reasoned
}

# METADATA
# description: The authority that the hold is placed or lifted under was not named in full.
reasons contains "hold.authority-missing" if {
	count(_authorities) > 0
	not _authority_given
}

# METADATA
# description: An authority of this type neither places nor lifts a hold of this kind.
reasons contains "hold.authority-not-for-kind" if {
	count(_authorities) > 0
	_authority_given
	not _authority_fits
}

# METADATA
# description: The hold does not lapse, so there is nothing to extend.
reasons contains "hold.not-extendable" if {
	input.action == "hold.extend"
	input.hold
	not _lapsing
}

# METADATA
# description: The hold was extended as often as its kind allows.
reasons contains "hold.extensions-spent" if {
	input.action == "hold.extend"
	_lapsing
	not _extension_left
}

# METADATA
# description: A hold of this kind cannot be made to stay; place one that rests on an authority of its own.
reasons contains "hold.not-confirmable" if {
	input.action == "hold.confirm"
	input.hold
	not _confirmable
}

_kind_fits if {
	input.action == "hold.request"
	input.hold.kind == "request"
}

_kind_fits if {
	input.action == "hold.place"
	input.hold.kind in (object.keys(data.holds) - {"request"})
}

_kind_fits if {
	input.action in {"hold.extend", "hold.confirm", "hold.lift"}
	data.holds[input.hold.kind]
}

_reasoned if text.given(input.justification)

_authorities := data.holds[input.hold.kind].authorities if input.action == "hold.place"

_authorities := data.holds[input.hold.kind].liftedUnder if input.action == "hold.lift"

_authority_given if {
	text.given(input.authority.type)
	text.given(input.authority.identifier)
	text.given(input.authority.issuer)
	input.authority.issuedAt <= input.time
}

_authority_fits if input.authority.type in _authorities

_lapsing if {
	obligations.lapse
	input.hold.lapsesAt
}

_extension_left if input.hold.extensions < obligations.lapse.extensions

_confirmable if obligations.lapse.confirmable
