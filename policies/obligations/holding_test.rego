package custos.obligations_test

import data.custos.obligations

_holding(action, kind) := holding if {
	holding := obligations.holding with input as {"action": action, "hold": {"kind": kind}}
}

test_a_hold_is_given_the_days_of_its_kind if {
	_holding("hold.request", "request") == {"holdDays": 60}
	_holding("hold.extend", "request") == {"holdDays": 30}
	_holding("hold.place", "preservation") == {"holdDays": 90}
	_holding("hold.extend", "preservation") == {"holdDays": 90}
}

test_one_that_stays_until_it_is_lifted_is_given_none if {
	_holding("hold.place", "litigation") == {}
	_holding("hold.place", "court-order") == {}
	not _holding("hold.extend", "litigation")
}

test_nothing_is_laid_down_for_a_kind_unheard_of if {
	not _holding("hold.place", "unheard-of")
	not obligations.holding with input as {"action": "hold.place"}
}
