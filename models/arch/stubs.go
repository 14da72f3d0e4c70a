package arch

import "cgan/weights"

// Guess is the generator's network that keys and shapes of a state dict tell. What they can't tell has its usual value and a doubt.
func Guess(state weights.StateDict) (*Network, error) { panic("todo") }
