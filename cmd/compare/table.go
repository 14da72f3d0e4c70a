package main

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// table is Markdown that also reads well in a terminal. The first `texts` columns stand left, the rest right.
type table struct {
	texts int
	rows  [][]string // the first is the head
}

func newTable(texts int, head ...string) *table { return &table{texts: texts, rows: [][]string{head}} }

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) String() string {
	widths := make([]int, len(t.rows[0]))
	for _, row := range t.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell), 3)
		}
	}
	var b strings.Builder
	for i, row := range t.rows {
		for j, cell := range row {
			width := widths[j]
			if j < t.texts {
				width = -width
			}
			fmt.Fprintf(&b, "| %*s ", width, cell)
		}
		b.WriteString("|\n")
		if i == 0 {
			b.WriteString(t.rule(widths))
		}
	}
	return b.String()
}

// rule is the line below the head.
func (t *table) rule(widths []int) string {
	var b strings.Builder
	for j, width := range widths {
		end := "-"
		if j >= t.texts {
			end = ":"
		}
		b.WriteString("|" + strings.Repeat("-", width+1) + end)
	}
	return b.String() + "|\n"
}

// percent is number for a share.
func percent(x float64, digits int) string {
	if text := number(x, digits); text != "-" {
		return text + " %"
	}
	return "-"
}

// number writes x with some digits after the point, and a dash for what was not measured.
func number(x float64, digits int) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "-"
	}
	return fmt.Sprintf("%.*f", digits, x)
}
