using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace MediaRelay.Dtls;

/// <summary>
/// One DTLS 1.2 connection over memory: datagrams in, datagrams out, a deadline for retransmission. It has no socket and no timer.
/// After every call take the outgoing datagrams with <see cref="TryTakeDatagram"/> until it returns false, and while connected
/// call <see cref="Read"/> until it returns 0. One thread at a time. Nothing that a peer sends makes it throw.
/// </summary>
public sealed unsafe class DtlsSession : IDisposable
{
    /// <summary>Largest datagram produced unless the caller says otherwise; fits a tunnel inside IPv6's 1280 bytes.</summary>
    public const int DefaultMtu = 1200;

    private const uint FirstRetransmitMicroseconds = 100_000;
    private const uint LongestRetransmitMicroseconds = 3_000_000;

    private readonly SslHandle _ssl;
    private readonly nint _input;
    private readonly nint _output;
    private readonly int _mtu;
    private byte[] _pending = new byte[2048];
    private int _pendingStart;
    private int _pendingEnd;
    private bool _helloSeen;
    private EarlyRecords _early;

    /// <summary>Makes a session in state New. <paramref name="mtu"/> is 256 to 16384 bytes of UDP payload.</summary>
    public DtlsSession(DtlsContext context, DtlsRole role, int mtu = DefaultMtu)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(mtu, 256);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(mtu, 16384);
        Role = role;
        _mtu = mtu;
        _early = new EarlyRecords(context.Settings.RequirePeerCertificate);
        OpenSsl.ERR_clear_error();
        _ssl = new SslHandle(OpenSsl.SSL_new(context.Handle));
        OpenSsl.Require(!_ssl.IsInvalid, "Creating a DTLS session");
        _input = OpenSsl.BIO_new(OpenSsl.BIO_s_mem());
        _output = OpenSsl.BIO_new(OpenSsl.BIO_s_mem());
        OpenSsl.Require(_input != 0 && _output != 0, "Creating memory buffers");
        OpenSsl.SSL_set_bio(_ssl, _input, _output);
        OpenSsl.SSL_ctrl(_ssl, OpenSsl.CtrlSetMtu, mtu, null);
        OpenSsl.DTLS_set_timer_cb(_ssl, &NextTimer);
        if (role == DtlsRole.Server) OpenSsl.SSL_set_accept_state(_ssl);
        else OpenSsl.SSL_set_connect_state(_ssl);
    }

    public DtlsRole Role { get; }

    public DtlsState State { get; private set; }

    /// <summary>Why the state is Failed, in OpenSSL's words; null otherwise.</summary>
    public string? Failure { get; private set; }

    /// <summary>When to call <see cref="HandleDeadline"/>; null when no flight waits for an answer.</summary>
    public TimeSpan? NextDeadline { get; private set; }

    /// <summary>The SRTP profile agreed by use_srtp; None before the handshake ends or when the peer did not offer one.</summary>
    public DtlsSrtpProfile SrtpProfile { get; private set; }

    /// <summary>Name of the cipher suite in OpenSSL's spelling; empty before the handshake ends.</summary>
    public string CipherName { get; private set; } = "";

    /// <summary>The ALPN name that was agreed, or null.</summary>
    public string? ApplicationProtocol { get; private set; }

    /// <summary>SHA-256 of the peer's certificate, 32 bytes; empty before the handshake ends or without a certificate.</summary>
    public ReadOnlyMemory<byte> PeerFingerprint { get; private set; }

    /// <summary>The peer's certificate in DER form, for fingerprints of other hashes; empty before the handshake ends or without one.</summary>
    public ReadOnlyMemory<byte> PeerCertificate { get; private set; }

    /// <summary>
    /// Makes a server session from a ClientHello that <see cref="DtlsCookieGate"/> accepted.
    /// Returns false, and keeps nothing, when OpenSSL does not like the hello after all.
    /// </summary>
    public static bool TryAcceptVerified(DtlsContext context, ReadOnlySpan<byte> clientHello, TimeSpan now, int mtu, out DtlsSession? session)
    {
        session = new DtlsSession(context, DtlsRole.Server, mtu);
        if (session.Listen(clientHello, now)) return true;
        session.Dispose();
        session = null;
        return false;
    }

    /// <summary>Starts the handshake: a client produces its ClientHello, a server waits for one.</summary>
    public void Start(TimeSpan now)
    {
        if (State != DtlsState.New) return;
        State = DtlsState.Handshaking;
        if (Role == DtlsRole.Client) Advance(now);
    }

    /// <summary>Takes one received datagram. Bytes that are not whole DTLS records are ignored, and so is a first ClientHello without a usable suite.</summary>
    public void HandleDatagram(ReadOnlySpan<byte> datagram, TimeSpan now)
    {
        if (State is DtlsState.Closed or DtlsState.Failed) return;
        var length = DtlsRecord.WholeRecords(datagram);
        if (length == 0 || !IsWelcome(datagram)) return;
        if (State == DtlsState.New) State = DtlsState.Handshaking;
        if (Role == DtlsRole.Server && State == DtlsState.Handshaking)
        {
            HandleEarly(datagram[..length], now);
            return;
        }
        Feed(datagram[..length]);
        if (State == DtlsState.Handshaking) Advance(now);
    }

    /// <summary>Repeats the last flight when its time has come; harmless when called early or late.</summary>
    public void HandleDeadline(TimeSpan now)
    {
        if (NextDeadline is not { } deadline || now < deadline || State is DtlsState.Closed or DtlsState.Failed) return;
        OpenSsl.ERR_clear_error();
        if (OpenSsl.SSL_ctrl(_ssl, OpenSsl.CtrlHandleTimeout, 0, null) < 0) Fail();
        UpdateDeadline(now);
    }

    /// <summary>
    /// Copies the next outgoing datagram (whole records, at most the MTU) into <paramref name="buffer"/>, which has room for the MTU.
    /// False when there is nothing to send.
    /// </summary>
    public bool TryTakeDatagram(Span<byte> buffer, out int length)
    {
        length = 0;
        if (_pendingStart == _pendingEnd && !DrainOutput()) return false;
        length = DtlsRecord.NextDatagram(_pending.AsSpan(_pendingStart, _pendingEnd - _pendingStart), _mtu);
        _pending.AsSpan(_pendingStart, length).CopyTo(buffer);
        _pendingStart += length;
        return true;
    }

    /// <summary>Reads one record of application data; 0 when there is none. A close by the peer turns the state to Closed.</summary>
    public int Read(Span<byte> buffer)
    {
        if (State != DtlsState.Connected || buffer.IsEmpty) return 0;
        OpenSsl.ERR_clear_error();
        int result;
        fixed (byte* p = buffer) result = OpenSsl.SSL_read(_ssl, p, buffer.Length);
        if (result > 0) return result;
        switch (OpenSsl.SSL_get_error(_ssl, result))
        {
            case OpenSsl.ErrorWantRead or OpenSsl.ErrorWantWrite: break;
            case OpenSsl.ErrorZeroReturn: State = DtlsState.Closed; break;
            default: Fail(); break;
        }
        return 0;
    }

    /// <summary>Encrypts one datagram of application data. False when not connected or larger than a record may be under the MTU.</summary>
    public bool Write(ReadOnlySpan<byte> data)
    {
        if (State != DtlsState.Connected || data.IsEmpty || data.Length > 16384) return false;
        OpenSsl.ERR_clear_error();
        fixed (byte* p = data) return OpenSsl.SSL_write(_ssl, p, data.Length) == data.Length;
    }

    /// <summary>Sends close_notify once and ends the session.</summary>
    public void Close()
    {
        if (State == DtlsState.Connected)
        {
            OpenSsl.ERR_clear_error();
            _ = OpenSsl.SSL_shutdown(_ssl);
        }
        if (State != DtlsState.Failed) State = DtlsState.Closed;
        NextDeadline = null;
    }

    /// <summary>Fills <paramref name="keys"/> with SRTP keying material: client key, server key, client salt, server salt (RFC 5764 section 4.2).</summary>
    public void ExportSrtpKeys(Span<byte> keys) => ExportKeys("EXTRACTOR-dtls_srtp"u8, keys);

    /// <summary>Fills <paramref name="keys"/> with keying material under a label and no context (RFC 5705). Throws unless connected.</summary>
    public void ExportKeys(ReadOnlySpan<byte> label, Span<byte> keys)
    {
        if (State != DtlsState.Connected) throw new DtlsException("Keys exist only while the session is connected.");
        OpenSsl.ERR_clear_error();
        fixed (byte* output = keys)
        fixed (byte* name = label)
        {
            OpenSsl.Require(OpenSsl.SSL_export_keying_material(_ssl, output, (nuint)keys.Length, name, (nuint)label.Length, null, 0, 0) == 1,
                "Exporting keying material");
        }
    }

    /// <summary>Compares the peer's certificate with a SHA-256 fingerprint in constant time.</summary>
    public bool PeerMatches(ReadOnlySpan<byte> sha256) =>
        PeerFingerprint.Length == 32 && CryptographicOperations.FixedTimeEquals(PeerFingerprint.Span, sha256);

    public void Dispose()
    {
        _ssl.Dispose();
        if (State != DtlsState.Failed) State = DtlsState.Closed;
        NextDeadline = null;
    }

    // A stranger's or broken hello must not end a handshake that the real peer is about to start.
    private bool IsWelcome(ReadOnlySpan<byte> datagram)
    {
        if (Role != DtlsRole.Server || State is DtlsState.Connected) return true;
        if (!ClientHello.IsClientHello(datagram)) return _helloSeen;
        if (ClientHello.TryRead(datagram, out var hello)) return _helloSeen = hello.OffersSupportedSuite() || _helloSeen;
        return _helloSeen;
    }

    /// <summary>Records of a client that is not known yet: those of epoch 0 first, because they may bring the keys for the others.</summary>
    private void HandleEarly(ReadOnlySpan<byte> records, TimeSpan now)
    {
        var first = _early.AdmitFirstEpoch(records);
        if (first > 0)
        {
            Feed(records[..first]);
            Advance(now);
        }
        var rest = records[first..];
        if (State == DtlsState.Handshaking && OpenSsl.SSL_get_state(_ssl) != OpenSsl.StateServerReadChange) rest = rest[.._early.AdmitAhead(rest)];
        if (rest.IsEmpty || State is not (DtlsState.Handshaking or DtlsState.Connected)) return;
        Feed(rest);
        if (State == DtlsState.Handshaking) Advance(now);
    }

    private bool Listen(ReadOnlySpan<byte> clientHello, TimeSpan now)
    {
        var address = OpenSsl.BIO_ADDR_new();
        try
        {
            OpenSsl.ERR_clear_error();
            Feed(clientHello[..DtlsRecord.WholeRecords(clientHello)]);
            if (OpenSsl.DTLSv1_listen(_ssl, address) != 1) return false;
        }
        finally
        {
            OpenSsl.BIO_ADDR_free(address);
        }
        _helloSeen = true;
        State = DtlsState.Handshaking;
        Advance(now);
        return State is DtlsState.Handshaking or DtlsState.Connected;
    }

    private void Feed(ReadOnlySpan<byte> records)
    {
        if (records.IsEmpty) return;
        // What OpenSSL left unread of an earlier datagram would be joined to this one.
        if (State == DtlsState.Handshaking && OpenSsl.BIO_ctrl(_input, OpenSsl.BioPending, 0, 0) > 0) OpenSsl.BIO_ctrl(_input, OpenSsl.BioReset, 0, 0);
        fixed (byte* p = records) _ = OpenSsl.BIO_write(_input, p, records.Length);
    }

    private void Advance(TimeSpan now)
    {
        OpenSsl.ERR_clear_error();
        var result = OpenSsl.SSL_do_handshake(_ssl);
        if (result == 1) Connected();
        else if (OpenSsl.SSL_get_error(_ssl, result) is not (OpenSsl.ErrorWantRead or OpenSsl.ErrorWantWrite)) Fail();
        UpdateDeadline(now);
    }

    private void Connected()
    {
        State = DtlsState.Connected;
        CipherName = Marshal.PtrToStringUTF8(OpenSsl.SSL_CIPHER_get_name(OpenSsl.SSL_get_current_cipher(_ssl))) ?? "";
        var profile = OpenSsl.SSL_get_selected_srtp_profile(_ssl);
        if (profile != null) SrtpProfile = (DtlsSrtpProfile)(ushort)profile[1];
        byte* protocol;
        uint protocolLength;
        OpenSsl.SSL_get0_alpn_selected(_ssl, &protocol, &protocolLength);
        if (protocolLength > 0) ApplicationProtocol = Encoding.ASCII.GetString(protocol, (int)protocolLength);
        var certificate = OpenSsl.SSL_get1_peer_certificate(_ssl);
        if (certificate == 0) return;
        var length = OpenSsl.i2d_X509(certificate, null);
        if (length > 0)
        {
            var der = new byte[length];
            fixed (byte* p = der)
            {
                var position = p;
                _ = OpenSsl.i2d_X509(certificate, &position);
            }
            PeerCertificate = der;
            PeerFingerprint = SHA256.HashData(der);
        }
        OpenSsl.X509_free(certificate);
    }

    private void Fail()
    {
        Failure = OpenSsl.TakeErrors();
        State = DtlsState.Failed;
        NextDeadline = null;
    }

    // OpenSSL tells the remaining time by its own clock; it is turned into the caller's time here.
    private void UpdateDeadline(TimeSpan now)
    {
        NextDeadline = null;
        if (State is DtlsState.Closed or DtlsState.Failed) return;
        var left = stackalloc long[2];
        if (OpenSsl.SSL_ctrl(_ssl, OpenSsl.CtrlGetTimeout, 0, left) == 1)
            NextDeadline = now + TimeSpan.FromSeconds(left[0]) + TimeSpan.FromMicroseconds(left[1]);
    }

    private bool DrainOutput()
    {
        if (_ssl.IsClosed) return false;
        var waiting = (int)OpenSsl.BIO_ctrl(_output, OpenSsl.BioPending, 0, 0);
        if (waiting <= 0) return false;
        if (waiting > _pending.Length) _pending = new byte[waiting];
        _pendingStart = 0;
        fixed (byte* p = _pending) _pendingEnd = Math.Max(0, OpenSsl.BIO_read(_output, p, waiting));
        return _pendingEnd > 0;
    }

    // The path was just proven by ICE or a cookie, so the first repeat comes sooner than the RFC's one second.
    [UnmanagedCallersOnly]
    private static uint NextTimer(nint ssl, uint previous) =>
        previous == 0 ? FirstRetransmitMicroseconds : Math.Min(previous * 2, LongestRetransmitMicroseconds);
}
