#define _GNU_SOURCE
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static void end(int number) {
  static const char line[] = "cgan: interrupted\n";
  if (write(STDERR_FILENO, line, sizeof line - 1) < 0) {
    // nobody is there to read it
  }
  _exit(128 + number);
}

// begin takes the signals, but for those that whoever started the program has it ignore, as nohup does.
static void begin(void) {
  static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    struct sigaction old, ours = {.sa_handler = end, .sa_flags = SA_ONSTACK | SA_RESTART};
    sigfillset(&ours.sa_mask); // one line is enough
    if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL) {
      (void)sigaction(signals[i], &ours, NULL);
    }
  }
}

// The constructors of shared libraries, libtorch's too, run before those of the program, and after this.
__attribute__((section(".preinit_array"), used)) static void (*const run)(void) = begin;
