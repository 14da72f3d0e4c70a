package imageset

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// maxName is how many bytes a folder's name may have on Linux.
const maxName = 255

// FolderNames are the names of the classes' folders, each another one: the class's own name wherever a folder can have it, so that
// what is drawn joins the folder of its class. What can't be a name, or what those who read class folders skip, gets one that no class has.
func FolderNames(classes []string) []string { return namesWithout("/", classes) }

// ZipNames are FolderNames for an archive, which lead nowhere else on systems with backslashes and drives either.
func ZipNames(classes []string) []string {
	names := slices.Clone(classes)
	for i, name := range names {
		if len(name) > 1 && name[1] == ':' && unicode.IsLetter(rune(name[0])) {
			names[i] = name[:1] + "/" + name[2:] // which is then replaced
		}
	}
	return namesWithout(`/\`, names)
}

// namesWithout are the names of folders, without some characters.
func namesWithout(signs string, classes []string) []string {
	names, taken := make([]string, len(classes)), map[string]bool{}
	for i, class := range classes {
		if class != "" && usable(class, signs) == class && !taken[class] {
			names[i], taken[class] = class, true
		}
	}
	for i, class := range classes {
		if names[i] != "" {
			continue
		}
		name := usable(class, signs)
		for n := 1; name == "" || taken[name]; n++ {
			if name = fmt.Sprintf("class-%d", i); n > 1 {
				name += fmt.Sprintf("-%d", n)
			}
		}
		names[i], taken[name] = name, true
	}
	return names
}

// usable is the name itself where a folder can have it, else what comes near it; empty where nothing does.
func usable(name, signs string) string {
	out := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || strings.ContainsRune(signs, r) {
			return '-'
		}
		return r
	}, strings.ToValidUTF8(name, "-"))
	if strings.HasPrefix(out, ".") {
		out = "-" + out[1:]
	}
	if len(out) > maxName || isSkipped(out) {
		return ""
	}
	return out
}

// isSkipped says that package dataset takes a folder for what a system left there.
func isSkipped(name string) bool {
	return name == "__MACOSX" || strings.EqualFold(name, "Thumbs.db") || strings.EqualFold(name, "desktop.ini")
}
