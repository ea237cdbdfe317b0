using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
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

    private const byte HandshakeRecord = 0x16;
    private const int RecordHeader = 5;
    private const int LongestRecord = 16_640;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_firstRecord = TimeSpan.FromSeconds(5);

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
            // Only who has sent a whole first record gets a slot: silent connections must not keep gateways from theirs.
            if (!await HasFirstRecordAsync(connection).ConfigureAwait(false) || !await _handshakes.TakeAsync(s_patience, connection.ConnectionClosed).ConfigureAwait(false))
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

    private static async Task<bool> HasFirstRecordAsync(ConnectionContext connection)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
        limit.CancelAfter(s_firstRecord);
        PipeReader input = connection.Transport.Input;
        while (true)
        {
            ReadResult read = await input.ReadAsync(limit.Token).ConfigureAwait(false);
            bool isWhole = IsWholeRecord(read.Buffer);
            // Nothing is taken: TLS reads it again.
            input.AdvanceTo(read.Buffer.Start, isWhole ? read.Buffer.Start : read.Buffer.End);
            if (isWhole || read.IsCompleted)
                return isWhole;
        }
    }

    /// <summary>True for a whole TLS record, and for what is none: that is refused by TLS at once.</summary>
    private static bool IsWholeRecord(in ReadOnlySequence<byte> octets)
    {
        if (octets.Length < RecordHeader)
            return false;
        Span<byte> header = stackalloc byte[RecordHeader];
        octets.Slice(0, RecordHeader).CopyTo(header);
        int length = System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(header[3..]);
        return header[0] != HandshakeRecord || length > LongestRecord || octets.Length >= RecordHeader + length;
    }

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
