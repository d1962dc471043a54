// Preloaded into child processes that hold an IPC channel to the process that started them: when that one is gone,
// even by SIGKILL, the child stops as after Ctrl-C instead of staying behind.
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
