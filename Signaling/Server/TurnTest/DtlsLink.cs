using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MediaRelay.Dtls;

namespace MediaRelay.Server.TurnTest;

/// <summary>DTLS 1.2 to a TURN server. The certificate is told, not checked: the session over memory has no chain check.</summary>
internal sealed class DtlsLink : TurnLink
{
    private readonly Socket _socket;
    private readonly DtlsContext _context;
    private readonly DtlsSession _session;
    private readonly byte[] _wire = new byte[16384];
    private readonly byte[] _plain = new byte[16384];

    private DtlsLink(Socket socket, DtlsContext context, DtlsSession session)
    {
        _socket = socket;
        _context = context;
        _session = session;
    }

    public static async Task<DtlsLink> HandshakeAsync(Socket socket, CancellationToken stop)
    {
        var certificate = DtlsCertificate.CreateSelfSigned(TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(1), "mediarelay turn test");
        var context = new DtlsContext(certificate, DtlsContextSettings.Turn);
        var link = new DtlsLink(socket, context, new DtlsSession(context, DtlsRole.Client));
        try
        {
            link._session.Start(Now());
            while (link._session.State != DtlsState.Connected)
            {
                await link.FlushAsync(stop).ConfigureAwait(false);
                await link.ReceiveOneAsync(stop).ConfigureAwait(false);
                if (link._session.State is DtlsState.Failed or DtlsState.Closed)
                    throw new IOException($"the DTLS handshake failed: {link._session.Failure}");
            }

            await link.FlushAsync(stop).ConfigureAwait(false);
            using var shown = X509CertificateLoader.LoadCertificate(link._session.PeerCertificate.Span);
            link.Description = string.Create(CultureInfo.InvariantCulture, $"DTLS 1.2, {link._session.CipherName}, certificate of {shown.Subject} until {shown.NotAfter.ToUniversalTime():yyyy-MM-dd} not checked");
            return link;
        }
        catch
        {
            await link.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public override async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken stop)
    {
        if (!_session.Write(message.Span))
            throw new IOException("the DTLS session is closed");
        await FlushAsync(stop).ConfigureAwait(false);
    }

    public override async ValueTask<ReadOnlyMemory<byte>> ReceiveAsync(CancellationToken stop)
    {
        while (true)
        {
            var length = _session.Read(_plain);
            if (length > 0)
                return _plain.AsMemory(0, length);
            if (_session.State != DtlsState.Connected)
                return default;
            await ReceiveOneAsync(stop).ConfigureAwait(false);
            await FlushAsync(stop).ConfigureAwait(false);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        _session.Close();
        try
        {
            await FlushAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            // The server is gone; there is nobody to say goodbye to.
        }

        _session.Dispose();
        _context.Dispose();
        _socket.Dispose();
    }

    private static TimeSpan Now() => TimeProvider.System.GetElapsedTime(0);

    private async Task ReceiveOneAsync(CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        if (_session.NextDeadline is { } deadline)
            patience.CancelAfter(deadline > Now() ? deadline - Now() : TimeSpan.Zero);
        try
        {
            var length = await _socket.ReceiveAsync(_wire, patience.Token).ConfigureAwait(false);
            _session.HandleDatagram(_wire.AsSpan(0, length), Now());
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            _session.HandleDeadline(Now());
        }
    }

    private async Task FlushAsync(CancellationToken stop)
    {
        while (_session.TryTakeDatagram(_wire, out var length))
            await _socket.SendAsync(_wire.AsMemory(0, length), stop).ConfigureAwait(false);
    }
}
