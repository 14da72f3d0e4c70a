#pragma once // nothing of it is needed; see ../context.h
