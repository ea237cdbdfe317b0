using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using MediaRelay.Server.Configuration;

namespace MediaRelay.Server.Hosting;

/// <summary>Starts an application, waits until it is told to stop, and turns what can go wrong at the start into one sentence and an exit code.</summary>
internal static class ServerRunner
{
    /// <summary>Builds the application first; what its parts read or make for that may fail for the same reasons as the start.</summary>
    /// <param name="unusable">Exit code for a text that cannot be used: 64 when texts come from the command line, 78 from a configuration.</param>
    public static async Task<int> RunAsync(Func<WebApplication> build, int unusable = ExitCode.Usage)
    {
        WebApplication app;
        try
        {
            app = build();
        }
        catch (Exception e) when (StartFault(e, unusable) is { } fault)
        {
            await Console.Error.WriteLineAsync($"mediarelay: {fault.Sentence}");
            return fault.Code;
        }

        return await RunAsync(app, unusable: unusable);
    }

    /// <param name="started">Called once everything listens, e.g. to print where to look.</param>
    public static async Task<int> RunAsync(WebApplication app, Func<Task>? started = null, int unusable = ExitCode.Usage)
    {
        await using (app)
        {
            try
            {
                await app.StartAsync();
            }
            catch (Exception e) when (StartFault(e, unusable) is { } fault)
            {
                await Console.Error.WriteLineAsync($"mediarelay: {fault.Sentence}");
                return fault.Code;
            }

            if (started is not null)
            {
                await started();
            }

            await app.WaitForShutdownAsync();
            return ExitCode.Success;
        }
    }

    /// <summary>Prints every fault, one sentence a line.</summary>
    public static int Report(IReadOnlyList<ConfigurationFault> faults)
    {
        foreach (var fault in faults)
        {
            Console.Error.WriteLine($"mediarelay: {fault.Sentence}");
        }

        return faults.Count == 0 ? ExitCode.Success : ExitCode.Configuration;
    }

    /// <summary>The sentence for a start that failed for a reason outside the program, or null for our own bugs.</summary>
    internal static (string Sentence, int Code)? StartFault(Exception exception, int unusable = ExitCode.Usage)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                case AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }:
                    return ($"{Subject(exception)} is in use by another program. Stop that program or choose another port (see --help).", ExitCode.Unavailable);
                case SocketException { SocketErrorCode: SocketError.AccessDenied } or UnauthorizedAccessException:
                    return ($"{Subject(exception)}: missing rights ({e.Message.TrimEnd('.')}). Run as root, grant CAP_NET_BIND_SERVICE for ports below 1024, or choose another port or folder.", ExitCode.NoPermission);
                case SocketException { SocketErrorCode: SocketError.AddressNotAvailable }:
                    return ($"{Subject(exception)} is not an address of this machine. Choose one that 'ip address' lists.", ExitCode.Unavailable);
                case FileNotFoundException { FileName: null }:
                    return (e.Message, ExitCode.Configuration);
                case FormatException:
                    return (e.Message, unusable);
            }
        }

        // Last, because Kestrel wraps its own faults in one of these.
        return exception is IOException or System.Security.Cryptography.CryptographicException
            ? ($"{exception.Message.TrimEnd('.')}. The start needs this file or folder.", ExitCode.Configuration)
            : null;
    }

    private static string Subject(Exception exception)
    {
        // Kestrel says "Failed to bind to address http://127.0.0.1:9464: address already in use."; ours say the address first.
        const string kestrel = "Failed to bind to address ";
        var message = exception.Message;
        if (message.StartsWith(kestrel, StringComparison.Ordinal))
        {
            var rest = message[kestrel.Length..];
            var end = rest.IndexOf(": ", StringComparison.Ordinal);
            return end > 0 ? rest[..end] : rest.TrimEnd('.');
        }

        return message.TrimEnd('.');
    }
}
