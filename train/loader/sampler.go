package loader

import "cgan/bindings/torch"

// sampler gives each rank its share of an epoch, as torch.utils.data.DistributedSampler does: the order is the same for all,
// filled up with images from its beginning until it can be shared out evenly, and each rank takes every so many-th one.
type sampler struct {
	rank, replicas int
	seed           int64
	epoch          int
}

// Distribute makes l the loader of one of so many ranks.
func (l *Loader) Distribute(rank, replicas int, seed int64) {
	l.sampler = &sampler{rank: rank, replicas: replicas, seed: seed}
}

// SetEpoch says which epoch the next Shuffle begins, set_epoch in Python, where there are several ranks.
func (l *Loader) SetEpoch(epoch int) {
	if l.sampler != nil {
		l.sampler.epoch = epoch
	}
}

// share is the number of images of each rank.
func (s *sampler) share(images int) int { return (images + s.replicas - 1) / s.replicas }

// order is the images of this rank.
func (s *sampler) order(images int) (own []int64) {
	generator := torch.NewGenerator(s.seed + int64(s.epoch))
	defer generator.Free()
	all := generator.Randperm(int64(images)).Int64s()
	for i := s.rank; i < s.share(images)*s.replicas; i += s.replicas {
		own = append(own, all[i%images])
	}
	return own
}
