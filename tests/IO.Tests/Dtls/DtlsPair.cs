using System.Diagnostics;
using MediaRelay.Dtls;

namespace MediaRelay.IO.Tests.Dtls;

/// <summary>A client and a server session joined by two queues in memory, with datagrams dropped by number.</summary>
internal sealed class DtlsPair : IDisposable
{
    public static readonly DtlsCertificate ClientCertificate = DtlsCertificate.CreateSelfSigned(DateTimeOffset.UtcNow, TimeSpan.FromDays(1));
    public static readonly DtlsCertificate ServerCertificate = DtlsCertificate.CreateSelfSigned(DateTimeOffset.UtcNow, TimeSpan.FromDays(1));

    private readonly DtlsContext _clientContext;
    private readonly DtlsContext _serverContext;
    private readonly byte[] _buffer = new byte[16384];
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    public DtlsPair(DtlsContextSettings? client = null, DtlsContextSettings? server = null, int mtu = DtlsSession.DefaultMtu)
    {
        _clientContext = new DtlsContext(ClientCertificate, client ?? DtlsContextSettings.Srtp);
        _serverContext = new DtlsContext(ServerCertificate, server ?? DtlsContextSettings.Srtp);
        Client = new DtlsSession(_clientContext, DtlsRole.Client, mtu);
        Server = new DtlsSession(_serverContext, DtlsRole.Server, mtu);
    }

    public DtlsSession Client { get; }

    public DtlsSession Server { get; }

    public int Sent { get; private set; }

    public int Largest { get; private set; }

    public TimeSpan Now => _clock.Elapsed;

    /// <summary>Runs until both are connected or one failed, at most ten seconds; datagrams whose number <paramref name="drop"/> accepts are lost.</summary>
    public bool Handshake(Func<int, bool>? drop = null)
    {
        Client.Start(Now);
        Server.Start(Now);
        var end = Now + TimeSpan.FromSeconds(10);
        while (Now < end)
        {
            var moved = Move(Client, Server, drop) | Move(Server, Client, drop);
            if (Client.State == DtlsState.Failed || Server.State == DtlsState.Failed) return false;
            if (Client.State == DtlsState.Connected && Server.State == DtlsState.Connected && !moved) return true;
            if (!moved) WaitForDeadline();
        }
        return false;
    }

    public bool Move(DtlsSession from, DtlsSession to, Func<int, bool>? drop = null)
    {
        var moved = false;
        while (from.TryTakeDatagram(_buffer, out var length))
        {
            moved = true;
            Largest = Math.Max(Largest, length);
            if (drop?.Invoke(Sent++) == true) continue;
            to.HandleDatagram(_buffer.AsSpan(0, length), Now);
        }
        return moved;
    }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
        _clientContext.Dispose();
        _serverContext.Dispose();
    }

    // OpenSSL's retransmission follows the real clock, so this waits for the nearer deadline in steps of a millisecond.
    private void WaitForDeadline()
    {
        var deadline = new[] { Client.NextDeadline, Server.NextDeadline }.Min(d => d ?? TimeSpan.MaxValue);
        SpinWait.SpinUntil(() => Now >= deadline, TimeSpan.FromSeconds(4));
        Client.HandleDeadline(Now);
        Server.HandleDeadline(Now);
    }
}
