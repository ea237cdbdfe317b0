using System.Text.Json;
using MediaRelay.Server.Hosting;

namespace MediaRelay.Server.Commands;

/// <summary>Asks the management listener of a running node for a command, and says what is wrong when it does not answer.</summary>
internal static class ManagementClient
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <param name="address">What --metrics says.</param>
    /// <param name="who">Whom the command looks for, such as "relay".</param>
    /// <param name="advice">What to do when nobody answers, as a sentence.</param>
    /// <param name="missing">A sentence for a node that has no such page, or null.</param>
    public static async Task<int> AskAsync(string address, string who, string advice, string? missing, Func<HttpClient, Task<int>> work, CancellationToken stop)
    {
        if (!Uri.TryCreate($"http://{address}", UriKind.Absolute, out var uri) || uri.PathAndQuery != "/" || !address.Contains(':', StringComparison.Ordinal))
        {
            await Console.Error.WriteLineAsync($"mediarelay: --metrics is \"{address}\", which is not an address and port. Write 127.0.0.1:9464 or [::1]:9464.");
            return ExitCode.Usage;
        }

        using var client = new HttpClient { BaseAddress = uri, Timeout = Patience };
        try
        {
            return await work(client);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return ExitCode.Success;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync($"mediarelay: the {who} at {address} has not answered for {Patience.TotalSeconds:0} s. It hangs, or something else listens there.");
        }
        catch (HttpRequestException fault) when (fault.StatusCode == System.Net.HttpStatusCode.NotFound && missing is not null)
        {
            await Console.Error.WriteLineAsync($"mediarelay: {missing}");
        }
        catch (HttpRequestException fault)
        {
            await Console.Error.WriteLineAsync($"mediarelay: no {who} answers at {address} ({fault.Message.TrimEnd('.')}). {advice}");
        }
        catch (JsonException)
        {
            await Console.Error.WriteLineAsync($"mediarelay: what answers at {address} is no {who}. {advice}");
        }

        return ExitCode.Unavailable;
    }
}
