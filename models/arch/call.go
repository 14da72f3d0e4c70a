package arch

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"cgan/weights"
)

// call is a call in Python whose arguments are literals: int64, float64, bool, string, nothing, and []any for tuples and lists.
type call struct {
	op       string
	values   []any
	keywords []keyword
}

type keyword struct {
	name  string
	value any
}

// parseCall reads a call such as Linear(110, 256, bias=False), with or without the module in front of the name, as print
// writes it too, where texts have no quotes.
func parseCall(text string) (call, error) {
	s := scanner{rest: text}
	c := call{op: s.name()}
	if trimmed := strings.TrimPrefix(c.op, "torch."); strings.HasPrefix(trimmed, "nn.") {
		c.op = trimmed[len("nn."):]
	}
	if !s.take("(") || !identifier(c.op) {
		if identifier(c.op) && s.peek() == 0 {
			return c, fmt.Errorf("a layer is a call such as %s()", weights.Show(c.op))
		}
		return c, errors.New("a layer is a call such as ReLU()")
	}
	if err := s.arguments(&c); err != nil {
		return c, err
	}
	if s.peek() != 0 {
		return c, s.unexpected("the end")
	}
	return c, nil
}

// scanner is what is left of a text.
type scanner struct{ rest string }

// peek is the first byte that is no space, which it leaves there; 0 at the end.
func (s *scanner) peek() byte {
	s.rest = strings.TrimLeftFunc(s.rest, unicode.IsSpace)
	if s.rest == "" {
		return 0
	}
	return s.rest[0]
}

func (s *scanner) take(token string) bool {
	s.peek()
	rest, ok := strings.CutPrefix(s.rest, token)
	s.rest = rest
	return ok
}

// name takes letters, digits, dots and underscores.
func (s *scanner) name() string {
	s.peek()
	end := strings.IndexFunc(s.rest, func(r rune) bool {
		return r != '.' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	if end < 0 {
		end = len(s.rest)
	}
	name := s.rest[:end]
	s.rest = s.rest[end:]
	return name
}

func (s *scanner) unexpected(wanted string) error {
	if s.peek() == 0 {
		return fmt.Errorf("it ends where %s should be", wanted)
	}
	_, size := utf8.DecodeRuneInString(s.rest)
	return fmt.Errorf("%s stands where %s should be", weights.Quote(s.rest[:size]), wanted)
}

// arguments takes what stands between the parentheses, and the last of these.
func (s *scanner) arguments(c *call) error {
	for !s.take(")") {
		before := *s
		name := s.name()
		if name != "" && s.take("=") {
			v, err := s.value()
			if err != nil {
				return fmt.Errorf("%s: %w", weights.Show(name), err)
			}
			c.keywords = append(c.keywords, keyword{name, v})
		} else {
			*s = before
			v, err := s.value()
			if err != nil {
				return err
			}
			if len(c.keywords) > 0 {
				return fmt.Errorf("%s stands without a name behind %s", literal(v), weights.Show(c.keywords[0].name))
			}
			c.values = append(c.values, v)
		}
		if !s.take(",") && s.peek() != ')' {
			return s.unexpected("',' or ')'")
		}
	}
	return nil
}

// value takes a literal or a tuple or list of literals.
func (s *scanner) value() (any, error) {
	for open, closing := range map[string]string{"(": ")", "[": "]"} {
		if !s.take(open) {
			continue
		}
		list := []any{}
		for !s.take(closing) {
			v, err := s.single()
			if err != nil {
				return nil, err
			}
			list = append(list, v)
			if !s.take(",") && s.peek() != closing[0] {
				return nil, s.unexpected("',' or '" + closing + "'")
			}
		}
		return list, nil
	}
	return s.single()
}

// single takes a literal that is no list.
func (s *scanner) single() (any, error) {
	switch first := s.peek(); {
	case first == '\'' || first == '"':
		return s.quoted(first)
	case first == '-' || first == '+' || first == '.' || first >= '0' && first <= '9':
		return s.number()
	}
	switch word := s.name(); word {
	case "":
		return nil, s.unexpected("a value")
	case "True", "true":
		return true, nil
	case "False", "false":
		return false, nil
	case "None":
		return nothing{}, nil
	default:
		return word, nil
	}
}

func (s *scanner) quoted(quote byte) (any, error) {
	text, rest, ok := strings.Cut(s.rest[1:], string(quote))
	if !ok {
		return nil, fmt.Errorf("a text has no closing %c", quote)
	}
	if strings.Contains(text, `\`) {
		return nil, errors.New("a text holds a backslash")
	}
	s.rest = rest
	return text, nil
}

func (s *scanner) number() (any, error) {
	end := strings.IndexFunc(s.rest, func(r rune) bool { return !strings.ContainsRune("0123456789.eE+-", r) })
	if end < 0 {
		end = len(s.rest)
	}
	text := s.rest[:end]
	s.rest = s.rest[end:]
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, fmt.Errorf("%s is no number that is possible here", weights.Show(text))
	}
	return f, nil
}

// parseLayer makes a layer of a call. An error begins with the call as it was written.
func parseLayer(text string) (Layer, error) {
	c, err := parseCall(text)
	if err == nil {
		var l Layer
		if l, err = settled(c); err == nil {
			return l, nil
		}
	}
	return Layer{}, fmt.Errorf("%s: %w", weights.Show(text), err)
}

func settled(c call) (Layer, error) {
	l, err := bind(c)
	if err != nil {
		return Layer{}, err
	}
	if err := l.bounds(); err != nil {
		return Layer{}, err
	}
	if settle := classes[l.Op].settle; settle != nil {
		if err := settle(l); err != nil {
			return Layer{}, err
		}
	}
	return l, l.valid()
}
