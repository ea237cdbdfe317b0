using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using MediaRelay.Turn.IO.Shards;
using Microsoft.AspNetCore.Connections;

namespace MediaRelay.Turn.IO.Streams;

/// <summary>A TCP connection between a relay port and a peer (RFC 6062), before and after a client's data connection joins it.</summary>
internal sealed class PeerStream(Socket socket, uint connectionId, RelayShard shard) : IDisposable
{
    private const int Chunk = 16 * 1024;
    private static readonly TimeSpan BandwidthWait = TimeSpan.FromMilliseconds(5);

    /// <summary>Copies bytes both ways until either side ends; closes the peer's side.</summary>
    public async Task PumpAsync(ConnectionContext client, StreamClient owner, CancellationToken stop)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stop);
        try
        {
            await owner.DrainAsync(both.Token);
        }
        catch (OperationCanceledException)
        {
            Dispose();
            return;
        }

        var up = ToPeerAsync(client.Transport.Input, both.Token);
        var down = ToClientAsync(client.Transport.Output, both.Token);
        _ = await Task.WhenAny(up, down);

        // RFC 6062 section 5.5: when one side closes, the other is closed too.
        await both.CancelAsync();
        Dispose();
        await Task.WhenAll(Quietly(up), Quietly(down));
    }

    public void Dispose() => socket.Dispose();

    private static async Task Quietly(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // The end of a connection.
        }
    }

    private async Task ToPeerAsync(PipeReader input, CancellationToken stop)
    {
        while (true)
        {
            var read = await input.ReadAsync(stop);
            foreach (var piece in read.Buffer)
            {
                for (var at = 0; at < piece.Length; at += Chunk)
                {
                    var part = piece.Slice(at, Math.Min(Chunk, piece.Length - at));
                    await WaitForBandwidthAsync(part.Length, toPeer: true, stop);
                    while (!part.IsEmpty)
                        part = part[await socket.SendAsync(part, SocketFlags.None, stop)..];
                }
            }

            input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return;
        }
    }

    private async Task ToClientAsync(PipeWriter output, CancellationToken stop)
    {
        while (true)
        {
            var length = await socket.ReceiveAsync(output.GetMemory(Chunk)[..Chunk], SocketFlags.None, stop);
            if (length == 0)
                return;
            await WaitForBandwidthAsync(length, toPeer: false, stop);
            output.Advance(length);
            _ = await output.FlushAsync(stop);
        }
    }

    private async Task WaitForBandwidthAsync(int bytes, bool toPeer, CancellationToken stop)
    {
        while (!await shard.CountStreamAsync(connectionId, bytes, toPeer, stop))
            await Task.Delay(BandwidthWait, stop);
    }
}
