using System.CommandLine;

return await MediaRelay.Load.LoadRoot.Create().Parse(args).InvokeAsync();
