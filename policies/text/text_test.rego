package custos.text_test

import data.custos.text

test_blanks_are_nothing_written if {
	every blank in ["", "   ", "\t\r\n", "\u00a0\u2003", "\u200b\u200b\u2060\ufeff"] {
		not text.given(blank)
	}
}

test_one_character_is_something_written if {
	text.given(" x ")
	text.given("\u200b字")
}

test_solid_counts_characters_and_not_bytes if {
	count(text.solid(" é 字 😀 ")) == 3
}
