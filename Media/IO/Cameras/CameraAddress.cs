using System.Net;

namespace MediaRelay.Media.IO.Cameras;

/// <summary>A camera's URL split into what is sent on the wire and the credentials, which are only used to answer a challenge.</summary>
public sealed class CameraAddress
{
    private CameraAddress(Uri uri, NetworkCredential? credential)
    {
        Uri = uri;
        Credential = credential;
    }

    /// <summary>The URL without user name and password.</summary>
    public Uri Uri { get; }

    /// <summary>User name and password, or null when the URL has none.</summary>
    public NetworkCredential? Credential { get; }

    /// <summary>Reads an absolute URL such as <c>rtsp://user:secret@192.168.1.20/stream1</c>; false with a reason otherwise.</summary>
    public static bool TryRead(string text, out CameraAddress address, out string error)
    {
        address = null!;
        error = "";
        if (text.Length > 2048 || !Uri.TryCreate(text, UriKind.Absolute, out var uri))
        {
            error = "A camera address is an absolute URL of at most 2048 characters, e.g. rtsp://192.168.1.20/stream1.";
            return false;
        }
        NetworkCredential? credential = null;
        if (uri.UserInfo.Length > 0)
        {
            var colon = uri.UserInfo.IndexOf(':', StringComparison.Ordinal);
            var user = Uri.UnescapeDataString(colon < 0 ? uri.UserInfo : uri.UserInfo[..colon]);
            var password = colon < 0 ? "" : Uri.UnescapeDataString(uri.UserInfo[(colon + 1)..]);
            credential = new NetworkCredential(user, password);
            uri = new UriBuilder(uri) { UserName = "", Password = "" }.Uri;
        }
        address = new CameraAddress(uri, credential);
        return true;
    }

    /// <summary>The URL without credentials and query.</summary>
    public override string ToString() => Uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
}
