using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MediaRelay.Media.IO.Cameras.Ffmpeg;
using MediaRelay.Media.IO.Cameras.Rtsp;

namespace MediaRelay.Media.IO.Cameras;

/// <summary>Makes the camera that a URL names: test:, rtsp://, rtsps://, http://, https:// or file:.</summary>
public sealed class CameraFactory(MediaOptions options, TimeProvider time)
{
    /// <summary>False with a sentence when the URL cannot be used.</summary>
    /// <remarks>
    /// <c>test:?size=640x360&amp;rate=15&amp;audio=opus</c> is the test picture; <c>rtsp://user:secret@host/path</c> a camera
    /// (<c>rtsp+udp://</c> asks for UDP); <c>http://host/video.mjpg</c> pictures; <c>file:/path/clip.mp4</c> a file played as live.
    /// </remarks>
    public bool TryCreate(string url, out ICamera camera, out string error)
    {
        camera = null!;
        var transport = options.PreferUdpCameras ? RtspTransport.Udp : RtspTransport.Tcp;
        if (url.StartsWith("rtsp+udp://", StringComparison.OrdinalIgnoreCase))
        {
            transport = RtspTransport.Udp;
            url = "rtsp" + url["rtsp+udp".Length..];
        }
        if (!CameraAddress.TryRead(url, out var address, out error)) return false;
        switch (address.Uri.Scheme)
        {
            case "test":
                return TryCreateTestPicture(address.Uri, out camera, out error);
            case "rtsp" or "rtsps":
#pragma warning disable CA5359 // The operator asked for it by Media:TrustCameraCertificates, because cameras have self-signed certificates.
                camera = new RtspCamera(address, new RtspSettings
                {
                    Transport = transport,
                    ConnectTimeout = options.CameraConnectTimeout,
                    SilenceLimit = options.CameraSilenceLimit,
                    CertificateCheck = options.TrustCameraCertificates ? AcceptAny : null,
                }, time);
#pragma warning restore CA5359
                return true;
            case "http" or "https":
                camera = new MjpegCamera(address, time);
                return true;
            case "file":
                camera = FfmpegCamera.File(address.Uri.LocalPath, options.FfmpegPath);
                return true;
            default:
                error = $"A camera address starts with rtsp:, rtsps:, http:, https:, file: or test:, not with {address.Uri.Scheme}:.";
                return false;
        }
    }

    private static bool AcceptAny(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) => true;

    private bool TryCreateTestPicture(Uri uri, out ICamera camera, out string error)
    {
        var (width, height, rate, opus) = (640, 360, 15, false);
        camera = null!;
        error = "";
        foreach (var part in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var value = part[(part.IndexOf('=', StringComparison.Ordinal) + 1)..];
            var understood = part.Split('=')[0] switch
            {
                "size" => TryReadSize(value, out width, out height),
                "rate" => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out rate) && rate is >= 1 and <= 60,
                "audio" => (opus = value == "opus") || value == "pcmu",
                _ => false,
            };
            if (understood) continue;
            error = $"'{part}' is not understood; a test picture is e.g. test:?size=640x360&rate=15&audio=opus.";
            return false;
        }
        camera = FfmpegCamera.TestPicture(width, height, rate, opus, options.FfmpegPath);
        return true;
    }

    private static bool TryReadSize(string text, out int width, out int height)
    {
        height = 0;
        var parts = text.Split('x');
        return int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out width) && parts.Length == 2
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out height)
            && width is >= 64 and <= 1920 && height is >= 64 and <= 1080 && width % 2 == 0 && height % 2 == 0;
    }
}
