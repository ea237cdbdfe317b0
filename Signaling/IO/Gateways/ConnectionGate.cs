using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace MediaRelay.Signaling.IO.Gateways;

/// <summary>
/// Limits connections before they cost anything: unauthenticated ones per address, and handshakes worked on at the same time.
/// It stands twice in a listener's pipeline, before and behind TLS.
/// </summary>
internal sealed class ConnectionGate(int perAddress, int handshakes)
{
    private const string Key = "mediarelay.gate";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<IPAddress, int> _unauthenticated = new();
    private readonly HandshakeSlots _handshakes = new(handshakes);
    private long _refused;

    /// <summary>Connections that were closed at once.</summary>
    public long Refused => Volatile.Read(ref _refused);

    public ConnectionDelegate BeforeTls(ConnectionDelegate next) => async connection =>
    {
        IPAddress address = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        var entry = new Entry(this, address);
        if (_unauthenticated.AddOrUpdate(address, 1, (_, count) => count + 1) > perAddress)
        {
            entry.MarkAuthenticated();
            Interlocked.Increment(ref _refused);
            connection.Abort();
            return;
        }

        connection.Items[Key] = entry;
        try
        {
            if (!await _handshakes.TakeAsync(s_patience, connection.ConnectionClosed).ConfigureAwait(false))
            {
                Interlocked.Increment(ref _refused);
                connection.Abort();
                return;
            }

            entry.HasSlot = true;
            await next(connection).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The client left while it waited for a handshake.
        }
        finally
        {
            entry.ReleaseSlot();
            entry.MarkAuthenticated();
        }
    };

    public static ConnectionDelegate BehindTls(ConnectionDelegate next) => connection =>
    {
        if (connection.Items.TryGetValue(Key, out object? value) && value is Entry entry)
        {
            entry.ReleaseSlot();
            if (connection.Features.Get<Microsoft.AspNetCore.Http.Features.ITlsConnectionFeature>()?.ClientCertificate is not null)
                entry.MarkAuthenticated();
        }

        return next(connection);
    };

    /// <summary>The connection carried a request with valid credentials.</summary>
    public static void MarkAuthenticated(IConnectionItemsFeature? connection)
    {
        if (connection is not null && connection.Items.TryGetValue(Key, out object? value))
            (value as Entry)?.MarkAuthenticated();
    }

    private sealed class Entry(ConnectionGate gate, IPAddress address)
    {
        private int _isCounted = 1;
        private int _slot;

        public bool HasSlot
        {
            set => _slot = value ? 1 : 0;
        }

        public void ReleaseSlot()
        {
            if (Interlocked.Exchange(ref _slot, 0) == 1)
                gate._handshakes.Give();
        }

        public void MarkAuthenticated()
        {
            if (Interlocked.Exchange(ref _isCounted, 0) == 0)
                return;
            int left = gate._unauthenticated.AddOrUpdate(address, 0, (_, count) => count - 1);
            if (left <= 0)
                gate._unauthenticated.TryRemove(new KeyValuePair<IPAddress, int>(address, left));
        }
    }
}
