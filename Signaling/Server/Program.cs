using System.CommandLine;
using MediaRelay.Server.Commands;

// Signals belong to the host's lifetime (drain first, end at once on the second), so the command line must not handle them.
return await Root.Create().Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
