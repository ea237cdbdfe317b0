using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using MediaRelay.Stun;
using MediaRelay.Turn.Client;

namespace MediaRelay.Server.TurnTest;

/// <summary>
/// Checks a TURN server step by step as a client would: two allocations send data to each other through the relay, first in
/// Send and Data indications, then in ChannelData, and are given back. Stops at the first step that fails.
/// </summary>
internal sealed class TurnTester(TurnTestSettings settings, Action<TurnTestStep> report)
{
    private const int PayloadLength = 1000;

    private TransportAddress _server;
    private TurnSession? _first;
    private TurnSession? _second;

    private TurnSession First => _first ?? throw new InvalidOperationException("The link is not open.");

    private TurnSession Second => _second ?? throw new InvalidOperationException("The second link is not open.");

    /// <summary>True when every step succeeded.</summary>
    public async Task<bool> RunAsync(CancellationToken stop)
    {
        (string Name, Func<CancellationToken, Task<string>> Step)[] steps =
        [
            ("resolve", ResolveAsync),
            ("connect", ConnectAsync),
            ("binding", BindingAsync),
            ("challenge", ChallengeAsync),
            ("allocate", token => AllocatedAsync(First, token)),
            ("second allocation", SecondAsync),
            ("permission", PermissionAsync),
            ("send and data", token => EchoAsync(channel: false, token)),
            ("channel", ChannelAsync),
            ("channel data", token => EchoAsync(channel: true, token)),
            ("refresh", RefreshAsync),
            ("delete", DeleteAsync),
        ];
        try
        {
            foreach (var (name, step) in steps)
            {
                if (!await RunStepAsync(name, step, stop).ConfigureAwait(false))
                    return false;
            }

            return true;
        }
        finally
        {
            await CleanUpAsync().ConfigureAwait(false);
        }
    }

    private async Task<bool> RunStepAsync(string name, Func<CancellationToken, Task<string>> step, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(settings.Patience + TimeSpan.FromSeconds(1));
        var watch = Stopwatch.StartNew();
        try
        {
            var words = await step(patience.Token).ConfigureAwait(false);
            report(new TurnTestStep(name, true, watch.Elapsed, words));
            return true;
        }
        catch (StepFailedException e)
        {
            report(new TurnTestStep(name, false, watch.Elapsed, e.Message));
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            report(new TurnTestStep(name, false, watch.Elapsed, $"{e.Message.TrimEnd('.')} ({_server})."));
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            report(new TurnTestStep(name, false, watch.Elapsed, NoAnswer()));
        }

        return false;
    }

    private async Task<string> ResolveAsync(CancellationToken stop)
    {
        var uri = settings.Server;
        IPAddress[] found;
        try
        {
            found = IPAddress.TryParse(uri.Host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(uri.Host, stop).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw new StepFailedException($"The name {uri.Host} has no address: {e.Message}");
        }

        if (found.Length == 0)
            throw new StepFailedException($"The name {uri.Host} has no address.");
        _server = TransportAddress.From(found[0], uri.Port);
        var others = found.Length > 1 ? $" (of {string.Join(", ", found.Select(a => a.ToString()))})" : "";
        return $"{uri} is {_server} over {uri.Transport.ToString().ToUpperInvariant()}{others}";
    }

    private async Task<string> ConnectAsync(CancellationToken stop)
    {
        _first = await OpenAsync(stop).ConfigureAwait(false);
        return settings.Server.Transport == StunTransport.Udp ? "UDP needs no connection" : First.LinkDescription is { Length: > 0 } words ? words : "connected";
    }

    private async Task<string> BindingAsync(CancellationToken stop)
    {
        await First.DoAsync((c, now, list) => c.SendBinding(now, list), stop).ConfigureAwait(false);
        var answer = await WaitAsync<TurnClientCommand.BindingAnswered>(First, stop).ConfigureAwait(false);
        return $"the server sees this client as {answer.Mapped}";
    }

    private async Task<string> ChallengeAsync(CancellationToken stop)
    {
        await First.DoAsync((c, now, list) => c.Start(now, list), stop).ConfigureAwait(false);
        if (settings.Credential is null)
            return "no user was given; trying without";
        var challenged = await WaitAsync<TurnClientCommand.Challenged>(First, stop).ConfigureAwait(false);
        var features = challenged.Features == SecurityFeatures.None ? "" : $", announces {challenged.Features}";
        return $"401 as it should be: realm {challenged.Realm}, password algorithm {challenged.Algorithm}{features}";
    }

    private async Task<string> AllocatedAsync(TurnSession session, CancellationToken stop)
    {
        var answer = await WaitAsync<TurnClientCommand.Allocated>(session, stop).ConfigureAwait(false);
        return $"relayed address {string.Join(" and ", answer.Relayed)}, lifetime {answer.Lifetime.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s";
    }

    private async Task<string> SecondAsync(CancellationToken stop)
    {
        _second = await OpenAsync(stop).ConfigureAwait(false);
        await Second.DoAsync((c, now, list) => c.Start(now, list), stop).ConfigureAwait(false);
        return await AllocatedAsync(Second, stop).ConfigureAwait(false);
    }

    private async Task<string> PermissionAsync(CancellationToken stop)
    {
        await First.DoAsync((c, now, list) => c.AddPermission(Second.Client.Relayed[0], now, list), stop).ConfigureAwait(false);
        await WaitAsync<TurnClientCommand.PermissionInstalled>(First, stop).ConfigureAwait(false);
        await Second.DoAsync((c, now, list) => c.AddPermission(First.Client.Relayed[0], now, list), stop).ConfigureAwait(false);
        await WaitAsync<TurnClientCommand.PermissionInstalled>(Second, stop).ConfigureAwait(false);
        return $"both relayed addresses may talk to each other ({Second.Client.Relayed[0].AddressText()})";
    }

    private async Task<string> ChannelAsync(CancellationToken stop)
    {
        await First.DoAsync((c, now, list) => c.AddChannel(Second.Client.Relayed[0], now, list), stop).ConfigureAwait(false);
        var bound = await WaitAsync<TurnClientCommand.ChannelBound>(First, stop).ConfigureAwait(false);
        await Second.DoAsync((c, now, list) => c.AddChannel(First.Client.Relayed[0], now, list), stop).ConfigureAwait(false);
        await WaitAsync<TurnClientCommand.ChannelBound>(Second, stop).ConfigureAwait(false);
        return $"0x{bound.Channel:X4} is bound to {bound.Peer}";
    }

    // A datagram may be lost, so it is sent again every 500 ms until the patience ends.
    private async Task<string> EchoAsync(bool channel, CancellationToken stop)
    {
        var payload = RandomNumberGenerator.GetBytes(PayloadLength);
        var there = await CarryAsync(First, Second, payload, channel, stop).ConfigureAwait(false);
        var back = await CarryAsync(Second, First, payload, channel, stop).ConfigureAwait(false);
        return $"{PayloadLength} bytes went there ({Milliseconds(there)}) and back ({Milliseconds(back)})";
    }

    private async Task<TimeSpan> CarryAsync(TurnSession from, TurnSession to, byte[] payload, bool channel, CancellationToken stop)
    {
        var peer = to.Client.Relayed[0];
        var total = Stopwatch.StartNew();
        while (total.Elapsed < settings.Patience)
        {
            var watch = Stopwatch.StartNew();
            if (!await from.SendDataAsync(peer, payload, stop).ConfigureAwait(false))
                throw new StepFailedException("The permission was lost before data could be sent.");
            while (await to.WaitForDataAsync(TimeSpan.FromMilliseconds(500), stop).ConfigureAwait(false) is { } data)
            {
                if (!data.Payload.AsSpan().SequenceEqual(payload))
                    continue;
                if (!data.Peer.HasSameAddress(from.Client.Relayed[0]))
                    throw new StepFailedException($"Data came from {data.Peer}, but the relayed address is {from.Client.Relayed[0]}.");
                return data.IsChannel == channel ? watch.Elapsed
                    : throw new StepFailedException(channel ? "The server sent a Data indication although a channel is bound." : "The server sent ChannelData on a channel that was not bound.");
            }
        }

        throw new StepFailedException($"Nothing arrived at {peer} within {settings.Patience.TotalSeconds:0} s. Check that the relay ports are open between the relay's own addresses, and that its external address is right.");
    }

    private async Task<string> RefreshAsync(CancellationToken stop)
    {
        await First.DoAsync((c, now, list) => c.RequestRefresh(now, list), stop).ConfigureAwait(false);
        var answer = await WaitAsync<TurnClientCommand.Refreshed>(First, stop).ConfigureAwait(false);
        return $"lifetime {answer.Lifetime.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s";
    }

    private async Task<string> DeleteAsync(CancellationToken stop)
    {
        foreach (var session in new[] { First, Second })
        {
            await session.DoAsync((c, now, list) => c.Close(now, list), stop).ConfigureAwait(false);
            await WaitAsync<TurnClientCommand.Closed>(session, stop).ConfigureAwait(false);
        }

        return "both allocations were given back";
    }

    private async Task<T> WaitAsync<T>(TurnSession session, CancellationToken stop) where T : TurnClientCommand
    {
        var told = await session.WaitAsync(c => c is T or TurnClientCommand.RequestFailed or TurnClientCommand.TokenNeeded, settings.Patience, stop).ConfigureAwait(false);
        return told switch
        {
            T wanted => wanted,
            TurnClientCommand.RequestFailed failed => throw new StepFailedException(TurnFailureWords.For(failed, settings.Credential?.Username)),
            TurnClientCommand.TokenNeeded needed => throw new StepFailedException($"The server wants an access token for {needed.ServerName} (RFC 7635)."),
            _ => throw new StepFailedException(NoAnswer()),
        };
    }

    private Task<TurnSession> OpenAsync(CancellationToken stop) => TurnSession.OpenAsync(
        new TurnClientSettings
        {
            Server = _server,
            Transport = settings.Server.Transport,
            Credential = settings.Credential,
            Family = settings.Family,
            AcceptUnsignedErrors = true,
            Software = "MediaRelay turn test",
        },
        settings.Server.Host, settings.Insecure, stop);

    // Gives allocations back even when a step failed, but waits no longer than a moment.
    private async Task CleanUpAsync()
    {
        foreach (var session in new[] { _first, _second })
        {
            if (session is null)
                continue;
            using var moment = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            try
            {
                if (session.Client.State == TurnClientState.Allocated)
                {
                    await session.DoAsync((c, now, list) => c.Close(now, list), moment.Token).ConfigureAwait(false);
                    await session.WaitAsync(c => c is TurnClientCommand.Closed, TimeSpan.FromSeconds(1), moment.Token).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The server frees what it cannot be told about when the lifetime ends.
            }

            await session.DisposeAsync().ConfigureAwait(false);
        }
    }

    private string NoAnswer() => string.Create(CultureInfo.InvariantCulture,
        $"No answer from {_server} within {settings.Patience.TotalSeconds:0} s. Check address, port, transport and firewall.");

    private static string Milliseconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.0} ms");

    private sealed class StepFailedException(string message) : Exception(message);
}
