package arch

// MarshalText is Write, so that JSON holds the networks as a text.
func (f *File) MarshalText() ([]byte, error) { return Write(f), nil }

// UnmarshalText is Read.
func (f *File) UnmarshalText(text []byte) error {
	read, err := Read(text)
	if err == nil {
		*f = *read
	}
	return err
}
