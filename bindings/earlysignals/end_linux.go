package earlysignals

import "C"
