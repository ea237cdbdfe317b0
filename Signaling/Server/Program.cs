using System.CommandLine;
using MediaRelay.Server.Commands;

return await Root.Create().Parse(args).InvokeAsync();
