# METADATA
# description: What counts as something written, whatever white or invisible characters stand around it.
package custos.text

# METADATA
# description: The text without blanks.
solid(text) := strings.replace_n(_blanks, text)

# METADATA
# description: Whether anything is left of the text without blanks.
given(text) if solid(text) != ""

# Listed one by one, because trim_space knows none of the invisible ones.
_blanks[blank] := "" if {
	some blank in [
		" ", "\t", "\n", "\u000b", "\u000c", "\r", "\u0085", "\u00a0", "\u00ad", "\u1680", "\u180e",
		"\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
		"\u2009", "\u200a", "\u200b", "\u200c", "\u200d", "\u2028", "\u2029", "\u202f", "\u205f",
		"\u2060", "\u2800", "\u3000", "\u3164", "\ufeff",
	]
}
