using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace MediaRelay.Signaling.IO;

public sealed partial class SignalingOptions
{
    [Description("Address and port of the portal, its JSON API and WHEP (HTTPS), e.g. :9443 for all addresses; empty switches them off.")]
    [Required(AllowEmptyStrings = true)]
    public string PortalListen { get; set; } = ":9443";

    [Description("DNS names and addresses that the portal's certificate carries when the operator's authority makes it.")]
    public List<string> PortalNames { get; set; } = ["localhost", "127.0.0.1"];

    [Description("Certificate file (PEM) of the portal; empty means that the operator's authority makes one at the first start.")]
    [Required(AllowEmptyStrings = true)]
    public string PortalCertificate { get; set; } = "";

    [Description("Private key file (PEM, mode 0600) of the portal's certificate.")]
    [Required(AllowEmptyStrings = true)]
    public string PortalKey { get; set; } = "";

    [Description("A person is logged out after this time without touching the page; a running look-in counts as touching it.")]
    [Range(typeof(TimeSpan), "00:01:00", "08:00:00")]
    public TimeSpan LoginIdle { get; set; } = TimeSpan.FromMinutes(15);

    [Description("A person is logged out after this time in any case.")]
    [Range(typeof(TimeSpan), "00:10:00", "1.00:00:00")]
    public TimeSpan LoginLife { get; set; } = TimeSpan.FromHours(12);

    [Description("Who must enrol a second factor: Optional (nobody), Staff (operators and stations can do nothing without one), Everybody (also the people of a home, to look in, disarm and unlock).")]
    public SecondFactorRule SecondFactor { get; set; } = SecondFactorRule.Staff;

    [Description("How long a second factor counts for look-in, stills, clips and disarm after it was given.")]
    [Range(typeof(TimeSpan), "00:00:30", "01:00:00")]
    public TimeSpan SecondFactorFresh { get; set; } = TimeSpan.FromMinutes(5);
}
