package pt

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cgan/weights"
)

// global is a name that a pickle may hold: something to call, a storage class or a dtype.
type global struct {
	name    string
	call    func(u *unpickler, args []any) (any, error)
	storage weights.DType
	untyped bool // torch.storage.UntypedStorage: bytes, whose type the tensor tells
	dtype   weights.DType
}

// globals is the whole list of names, keyed as GLOBAL spells them: module, newline, name. It holds
// only what makes tensors and containers. Everything else is refused, whatever it may be.
var globals = makeGlobals()

func makeGlobals() map[string]*global {
	table := map[string]*global{}
	add := func(module, name string, g global) {
		g.name = module + "." + name
		table[module+"\n"+name] = &g
	}
	add("collections", "OrderedDict", global{call: newOrderedDict})
	add("collections", "Counter", global{call: newCounter})
	for _, module := range []string{"builtins", "__builtin__"} { // of Python 3 and, in protocol 2, of 2
		add(module, "set", global{call: newSet})
	}
	add("torch", "Size", global{call: newSize})
	add("torch", "device", global{call: newDevice})
	add("torch._utils", "_rebuild_tensor", global{call: rebuildTensor})
	add("torch._utils", "_rebuild_tensor_v2", global{call: rebuildTensorV2})
	add("torch._utils", "_rebuild_tensor_v3", global{call: rebuildTensorV3})
	add("torch._utils", "_rebuild_parameter", global{call: rebuildParameter})
	add("torch._utils", "_rebuild_parameter_with_state", global{call: rebuildParameterWithState})
	add("torch.storage", "UntypedStorage", global{untyped: true})
	for d := weights.F64; d.Valid(); d++ {
		add("torch", d.String(), global{dtype: d})
		if storageClasses[d] != "" {
			add("torch", storageClasses[d], global{storage: d})
		}
	}
	return table
}

func (u *unpickler) global(lines string) error {
	g, known := globals[lines]
	if !known {
		return u.refuseGlobal(lines)
	}
	return u.push(g)
}

// refuseGlobal names the unknown names from here to the end of the pickle, without running it, and
// says what to do about the common ones.
func (u *unpickler) refuseGlobal(first string) error {
	const most = 8
	names := []string{dotted(first)}
	for len(names) <= most {
		op, arg, err := u.next()
		if err != nil || op == opStop {
			break
		}
		name := dotted(string(arg))
		if op == opGlobal && globals[string(arg)] == nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	list := strings.Join(names, ", ")
	if len(names) > most {
		list = strings.Join(names[:most], ", ") + " and more"
	}
	return fmt.Errorf("the file wants %s, which is not on the list of names for weights; nothing was executed. %s",
		list, advice(names))
}

// runsCode says of a name that pickles of attackers call it, and those of training programs do not.
func runsCode(name string) bool {
	module, function, _ := strings.Cut(name, ".")
	switch module {
	case "os", "posix", "nt", "subprocess", "sys", "shutil", "socket", "pty",
		"runpy", "importlib", "ctypes", "code", "commands", "webbrowser", "pip", "urllib", "http", "requests":
		return true
	case "builtins", "__builtin__":
		return slices.Contains([]string{"exec", "eval", "execfile", "compile", "open", "__import__", "getattr",
			"setattr", "apply", "input", "breakpoint", "globals", "vars"}, function)
	}
	return false
}

func dotted(lines string) string {
	name := strings.Replace(lines, "\n", ".", 1)
	return strings.Trim(weights.Quote(name), `"`)
}

// anyOf says that one of the names begins so.
func anyOf(names []string, prefix string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, prefix) })
}

func advice(names []string) string {
	switch {
	case slices.ContainsFunc(names, runsCode):
		return "Such names run code as soon as Python loads the file: do not load it there either, " +
			"and do not trust where it came from"
	case anyOf(names, "torch.nn."), anyOf(names, "torch.fx."), anyOf(names, "__main__."):
		return "This is a whole model with its classes: in Python, torch.save(model.state_dict(), other)"
	case anyOf(names, "torch.optim."):
		return "This holds a whole optimizer or scheduler: in Python, save its state_dict() instead"
	case anyOf(names, "numpy"):
		return "If it holds numpy values, save them as tensors or Python numbers"
	}
	return "Save only tensors, numbers, strings, lists and dicts"
}

// reduce calls a name of the list with a tuple of arguments.
func (u *unpickler) reduce() error {
	pair, err := u.popN(2)
	if err != nil {
		return err
	}
	g, ok := pair[0].(*global)
	if !ok || g.call == nil {
		return fmt.Errorf("cannot call %s", describe(pair[0]))
	}
	args, ok := pair[1].(*tuple)
	if !ok {
		return fmt.Errorf("cannot call %s with %s", g.name, describe(pair[1]))
	}
	if err := u.charge(100); err != nil {
		return err
	}
	v, err := g.call(u, args.items)
	if err != nil {
		return fmt.Errorf("%s: %w", g.name, err)
	}
	return u.push(v)
}

func newOrderedDict(_ *unpickler, args []any) (any, error) {
	if len(args) != 0 {
		return nil, errors.New("is called with arguments, where torch adds the items later")
	}
	return &weights.Dict{Ordered: true}, nil
}

// newCounter is a dict of its counts.
func newCounter(_ *unpickler, args []any) (any, error) {
	if len(args) == 0 {
		return &weights.Dict{}, nil
	}
	if d, ok := args[0].(*weights.Dict); ok && len(args) == 1 {
		return d, nil
	}
	return nil, errors.New("takes one dict")
}

// newSet is a list of its items, in the file's order.
func newSet(_ *unpickler, args []any) (any, error) {
	if len(args) == 0 {
		return &list{}, nil
	}
	if l, ok := args[0].(*list); ok && len(args) == 1 {
		return l, nil
	}
	return nil, errors.New("takes one list")
}

// newDevice is the device's name, such as cuda:0.
func newDevice(_ *unpickler, args []any) (any, error) {
	name, ok := "", len(args) > 0
	if ok {
		name, ok = args[0].(string)
	}
	if ok && len(args) == 1 {
		return name, nil
	}
	if index, whole := args[max(0, len(args)-1):], len(args) == 2; ok && whole {
		if n, isInt := index[0].(int64); isInt {
			return fmt.Sprintf("%s:%d", name, n), nil
		}
	}
	return nil, errors.New("takes a kind of device and a number")
}

func newSize(_ *unpickler, args []any) (any, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("takes one tuple, not %d arguments", len(args))
	}
	if _, err := integers(args[0], "size"); err != nil {
		return nil, err
	}
	t, ok := args[0].(*tuple)
	if !ok {
		return nil, fmt.Errorf("takes a tuple, not %s", describe(args[0]))
	}
	return t, nil
}
