package arch

// Search goes through the candidates, the more usual ones first, up to the first one that fits, and gives it without doubts.
// An error of fits ends it. Nil is for none.
func (c *Candidates) Search(fits func(*Network) (bool, error)) (*Network, error) {
	const most, step = 14.0, 0.5
	s := search{c, fits, make([]int, len(c.choices)), map[string]bool{}}
	for budget := 0.0; budget <= most; budget += step {
		n, err := s.within(0, budget, step)
		if n != nil || err != nil {
			return n, err
		}
	}
	return nil, nil
}

// search is where Search is.
type search struct {
	*Candidates
	fits    func(*Network) (bool, error)
	options []int
	tried   map[string]bool // networks, as text: options may come to the same
}

// within tries the candidates whose costs from choice i on come to between budget-step and budget.
func (s *search) within(i int, budget, step float64) (*Network, error) {
	if i == len(s.choices) {
		if budget >= step {
			return nil, nil // it was tried with a smaller one
		}
		return s.try()
	}
	for picked, o := range s.choices[i].options {
		if o.cost > budget || picked > 0 && s.choices[i].of == noise {
			continue
		}
		s.options[i] = picked
		if n, err := s.within(i+1, budget-o.cost, step); n != nil || err != nil {
			return n, err
		}
	}
	s.options[i] = 0
	return nil, nil
}

func (s *search) try() (*Network, error) {
	n := s.network(s.options)
	if n == nil {
		return nil, nil
	}
	n.sure()
	text := string(Write(&File{Generator: n}))
	if s.tried[text] {
		return nil, nil
	}
	s.tried[text] = true
	ok, err := s.fits(n)
	if !ok || err != nil {
		return nil, err
	}
	return n, nil
}

const (
	prior = 1.2 // times better must be what costs 1 more
	far   = 1.6 // times the misfit is clearly worse
	small = 0.1 // a misfit that leaves no doubt
	floor = 1e-4
)
