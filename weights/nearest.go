package weights

// nearest returns the name that takes the fewest edits to reach, "" if even that one differs in
// more than a third of its length.
func nearest(name string, names []string) string {
	const longest = 200
	best, found := len(name)/3+1, ""
	if len(name) > longest {
		return ""
	}
	for _, candidate := range names {
		if len(candidate) > longest {
			continue
		}
		if d := editDistance(name, candidate); d < best {
			best, found = d, candidate
		}
	}
	return found
}

// editDistance counts the insertions, deletions and replacements between two strings of bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
