using System.Security.Cryptography;
using MediaRelay.Stun;
using MediaRelay.Turn.Discovery;
using MediaRelay.Turn.IO.Sockets;

namespace MediaRelay.Turn.IO.Discovery;

/// <summary>
/// NAT behaviour discovery (RFC 5780) on four sockets of its own: two addresses times two ports. One thread; what to answer and from
/// where is decided by <see cref="DiscoveryEngine"/>.
/// </summary>
internal sealed unsafe class DiscoveryListener : IDisposable
{
    private const int MaxReply = 2048;

    private readonly DiscoveryEngine _discovery;
    private readonly int[] _descriptors;
    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly Thread _thread;
    private DatagramLoop _loop = null!;
    private volatile bool _stopping;

    private DiscoveryListener(TransportAddress[] addresses, int[] descriptors, TimeProvider time)
    {
        _descriptors = descriptors;
        _time = time;
        _started = time.GetTimestamp();
        _discovery = new DiscoveryEngine(new DiscoverySettings(addresses[0], addresses[3]), RandomNumberGenerator.Create());
        _thread = new Thread(Run) { IsBackground = true, Name = "NAT discovery" };
    }

    /// <summary>Binds primary and alternate address with both ports, in the order of <see cref="DiscoverySocket"/>.</summary>
    public static DiscoveryListener Start(TransportAddress primary, TransportAddress alternate, TimeProvider time)
    {
        TransportAddress[] addresses = [primary, primary.WithPort(alternate.Port), alternate.WithPort(primary.Port), alternate];
        var descriptors = new int[4];
        for (var i = 0; i < 4; i++)
        {
            descriptors[i] = DatagramSocket.TryOpen(addresses[i], default);
            if (descriptors[i] < 0)
                throw SocketErrors.ToException(-descriptors[i], addresses[i]);
        }

        var listener = new DiscoveryListener(addresses, descriptors, time);
        listener._thread.Start();
        return listener;
    }

    public void Dispose()
    {
        _stopping = true;
        _ = _thread.Join(TimeSpan.FromSeconds(2));
    }

    private void Run()
    {
        _loop = new BatchLoop();
        for (var i = 0; i < 4; i++)
            _loop.Add(_descriptors[i], i, coalesced: false);
        Span<byte> reply = stackalloc byte[MaxReply];
        while (!_stopping)
        {
            _loop.Wait(TimeSpan.FromMilliseconds(200));
            foreach (ref readonly var entry in _loop.Received)
            {
                if (entry.Error != 0)
                    continue;
                var answer = _discovery.HandleRequest(entry.Bytes, entry.From, (DiscoverySocket)entry.Token, _time.GetElapsedTime(_started), reply);
                if (answer.Length > 0)
                    Send(_descriptors[(int)answer.Source], answer.Destination, reply[..answer.Length]);
            }
        }

        foreach (var descriptor in _descriptors)
            DatagramSocket.Close(descriptor);
        _loop.Dispose();
    }

    private static void Send(int descriptor, TransportAddress to, ReadOnlySpan<byte> bytes)
    {
        SocketName name;
        var nameLength = SocketName.Write(&name, to);
        fixed (byte* data = bytes)
            _ = LibC.SendTo(descriptor, data, (nuint)bytes.Length, LibC.MessageDontWait, &name, nameLength);
    }
}
