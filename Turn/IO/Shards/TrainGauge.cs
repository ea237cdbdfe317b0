using MediaRelay.Turn.IO.Sockets;

namespace MediaRelay.Turn.IO.Shards;

/// <summary>
/// Decides where the kernel joins datagrams into trains as they arrive (UDP_GRO). For video it saves most of the receive work; for
/// audio of many clients no train ever forms, and each datagram is held and compared for nothing.
/// <para>Listeners serve everybody, so the mean size of what their media sockets brought in the last 50 ms decides, with a gap between on
/// and off. Control sockets follow: the kernel asks any socket of the group whether it takes trains, before the filter chooses one.
/// A relay port starts without and gets it with its first run of large datagrams.</para>
/// </summary>
internal sealed class TrainGauge(IReadOnlyList<(ushort Listener, int Descriptor, bool IsMedia)> sockets)
{
    /// <summary>Mean bytes from which listeners join, and bytes of a datagram that counts for a relay port's run.</summary>
    public const int Large = 500;

    /// <summary>Mean bytes below which listeners stop to join.</summary>
    public const int Small = 300;

    /// <summary>Large datagrams in a row that make a relay port join.</summary>
    public const int Run = 4;

    /// <summary>Fewer datagrams than this prove nothing.</summary>
    public const int LeastDatagrams = 64;

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    private readonly IReadOnlyList<(ushort Listener, int Descriptor, bool IsMedia)> _sockets = sockets;
    private TimeSpan _lastLook;
    private long _bytes;
    private long _datagrams;
    private int _port;
    private int _run;

    /// <summary>Whether the media sockets of listeners join; they are opened so.</summary>
    public bool ListenersJoin { get; private set; } = true;

    /// <summary>Counts what a listener's media socket brought: one datagram, or a train.</summary>
    public void Count(int length, int segmentSize)
    {
        _bytes += length;
        _datagrams += segmentSize >= length || segmentSize == 0 ? 1 : (length + segmentSize - 1) / segmentSize;
    }

    /// <summary>Counts a single datagram of a relay port; true when it completes a run, so that the port is to join from now on.</summary>
    public bool CompletesRun(int port, int length)
    {
        _run = port == _port && length >= Large ? _run + 1 : length >= Large ? 1 : 0;
        _port = port;
        return _run == Run;
    }

    /// <summary>Called once per turn; decides at most every 50 ms.</summary>
    public void Observe(TimeSpan now)
    {
        if (now - _lastLook < Period)
            return;
        _lastLook = now;
        if (_datagrams >= LeastDatagrams)
        {
            var mean = _bytes / _datagrams;
            var join = mean >= Large || (mean >= Small && ListenersJoin);
            if (join != ListenersJoin)
            {
                ListenersJoin = join;
                for (var i = 0; i < _sockets.Count; i++)
                    _ = DatagramSocket.Set(_sockets[i].Descriptor, LibC.SolUdp, LibC.UdpGro, join ? 1 : 0);
            }
        }

        (_bytes, _datagrams) = (0, 0);
    }
}
