using System.Buffers;
using System.Net;
using MediaRelay.Stun;
using MediaRelay.Turn.Peers;
using Microsoft.AspNetCore.Connections;

namespace MediaRelay.Turn.IO.Streams;

/// <summary>
/// Takes the PROXY protocol v2 header off connections from listed balancers and puts the real client's address in place. From a
/// listed address the header is required; from elsewhere the connection is served as it is.
/// </summary>
internal sealed class ProxyProtocolMiddleware(ConnectionDelegate next, IReadOnlyList<PeerPrefix> balancers)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public async Task OnConnectionAsync(ConnectionContext connection)
    {
        if (connection.RemoteEndPoint is IPEndPoint remote && IsBalancer(TransportAddress.From(remote).Unmapped()))
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
            limit.CancelAfter(Timeout);
            try
            {
                if (!await TryTakeHeaderAsync(connection, limit.Token))
                {
                    connection.Abort();
                    return;
                }
            }
            catch (Exception exception) when (exception is OperationCanceledException or IOException)
            {
                connection.Abort();
                return;
            }
        }

        await next(connection);
    }

    private static async Task<bool> TryTakeHeaderAsync(ConnectionContext connection, CancellationToken stop)
    {
        var input = connection.Transport.Input;
        while (true)
        {
            var read = await input.ReadAsync(stop);
            var start = new byte[Math.Min(ProxyHeader.MaxLength, (int)Math.Min(read.Buffer.Length, int.MaxValue))];
            read.Buffer.Slice(0, start.Length).CopyTo(start);
            var kind = ProxyHeader.TryRead(start, out var length, out var source);
            if (kind == ProxyHeaderKind.Malformed || (kind == ProxyHeaderKind.Incomplete && read.IsCompleted))
            {
                input.AdvanceTo(read.Buffer.Start);
                return false;
            }

            if (kind == ProxyHeaderKind.Incomplete)
            {
                input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            input.AdvanceTo(read.Buffer.GetPosition(length));
            if (!source.IsNone)
                connection.RemoteEndPoint = source.ToEndPoint();
            return true;
        }
    }

    private bool IsBalancer(TransportAddress address)
    {
        foreach (var balancer in balancers)
        {
            if (balancer.Contains(address))
                return true;
        }

        return false;
    }
}
