namespace Staithe.Web;

/// <summary>A form that changes something.</summary>
/// <param name="Name">What it says in <c>do</c>.</param>
/// <param name="Done">What the next page says when it was done.</param>
/// <param name="Operations">
/// The operations of the API that do the same. Whatever can be set on a page can be set there: a test holds this table against the forms and the API's table.
/// </param>
internal sealed record FormAction(string Name, string Done, params string[] Operations);

/// <summary>
/// Every form that says in <c>do</c> what it does. Those that do not are no changes of settings: to sign in and out, to make the first account, to accept an
/// invitation. They stand apart here for what the next page says.
/// </summary>
internal static class FormTable
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<FormAction> All { get; } =
    [
        new("star", "You starred the repository.", "star"),
        new("unstar", "The star was removed.", "unstar"),
        new("watch", "You are watching it now.", "watch"),
        new("unwatch", "You are no longer watching it.", "unwatch"),
        new("tag.delete", "The tag was deleted.", "deleteTag"),
        new("manifest.delete", "The manifest was deleted.", "deleteManifest"),
        new("sbom.attach", "The list of packages is attached to the image.", "attachSbom"),

        new("token.add", "The token was created.", "addMyToken"),
        new("token.delete", "The token was revoked.", "deleteMyToken"),
        new("password", "Your password was changed, and every other session ended.", "setMyPassword"),
        new("session.end", "The session was ended.", "deleteMySession"),
        new("session.end-others", "All other sessions were ended.", "deleteMySessions"),
        new("unlink", "The account was unlinked.", "deleteMyIdentity"),
        new("organization.add", "The organization was created.", "addOrganization"),
        new("offer.accept", "The transfer was accepted.", "acceptOffer", "acceptMyOffer"),
        new("offer.decline", "The transfer was declined.", "declineOffer", "declineMyOffer"),

        new("space.set", "The settings of the space were saved.", "changeSpace"),
        new("space.rename", "The space was renamed.", "renameSpace"),
        new("space.owner", "The owner was set, or the transfer offered.", "setSpaceOwner"),
        new("space.offer.withdraw", "The offer was withdrawn.", "withdrawSpaceOffer"),
        new("space.delete", "The space was deleted.", "deleteSpace"),
        new("team.add", "The team was created.", "addTeam"),
        new("team.delete", "The team was deleted.", "deleteTeam"),
        new("team.member.add", "The member was added.", "addTeamMember"),
        new("team.member.remove", "The member was removed.", "removeTeamMember"),
        new("grant.add", "Access was granted.", "addGrant"),
        new("grant.change", "The grant was changed.", "changeGrant"),
        new("grant.delete", "The grant was removed.", "deleteGrant"),
        new("default.add", "The rule for new repositories was added.", "addDefaultGrant"),
        new("default.delete", "The rule for new repositories was removed.", "deleteDefaultGrant"),
        new("robot.add", "The robot was created.", "addRobot"),
        new("robot.secret", "The robot has another secret.", "setRobotSecret"),
        new("robot.expiry", "The expiry of the robot was saved.", "changeRobot"),
        new("robot.delete", "The robot was deleted.", "deleteRobot"),
        new("robot.trust.add", "The rule was added.", "addRobotTrust"),
        new("robot.trust.delete", "The rule was removed.", "deleteRobotTrust"),
        new("link.add", "The share link was created.", "addShareLink"),
        new("link.delete", "The share link was revoked.", "deleteShareLink"),
        new("invitation.add", "The invitation was created.", "addInvitation"),
        new("invitation.delete", "The invitation was revoked.", "deleteInvitation"),

        new("visibility", "The visibility was saved.", "changeRepository"),
        new("texts", "The description and README were saved.", "changeRepository"),
        new("repository.move", "The repository was renamed.", "moveRepository"),
        new("repository.offer", "The transfer was offered.", "offerRepository"),
        new("repository.offer.withdraw", "The offer was withdrawn.", "withdrawOffer"),
        new("repository.delete", "The repository was deleted.", "deleteRepository"),
        new("alias.free", "The former name was freed.", "freeAlias"),

        new("user.add", "The account was created.", "addUser"),
        new("user.reset", "The account has another password.", "setUserPassword"),
        new("user.admin", "The account is an administrator's now.", "changeUser"),
        new("user.ordinary", "The account is no longer an administrator's.", "changeUser"),
        new("user.disable", "The account was disabled.", "changeUser"),
        new("user.enable", "The account was enabled.", "changeUser"),
        new("user.delete", "The account was deleted.", "deleteUser"),
        new("image.retry", "The image will be examined again.", "retryImage"),
        new("work.retry", "The work will be tried again.", "retryJob"),
        new("work.cancel", "The work was cancelled.", "cancelJob"),
        new("work.pause", "The work is paused.", "pauseJobs"),
        new("work.resume", "The work goes on.", "resumeJobs"),
    ];

    /// <summary>The first account was made.</summary>
    public static FormAction SetUp { get; } = new("setup", "Your administrator account is ready. The set-up link no longer works.");

    /// <summary>An account was made with an invitation.</summary>
    public static FormAction Accept { get; } = new("accept", "Your account is ready, and the invitation is accepted.");

    /// <summary>The session of the browser was ended.</summary>
    public static FormAction SignOut { get; } = new("sign-out", "You are signed out.");

    static readonly Dictionary<string, FormAction> ByName =
        ((FormAction[])[.. All, SetUp, Accept, SignOut]).ToDictionary(form => form.Name, StringComparer.Ordinal);

    /// <summary>The form of that name; null for none.</summary>
    public static FormAction? Find(string name) => ByName.GetValueOrDefault(name);
}
