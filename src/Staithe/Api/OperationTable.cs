using Staithe.Access;
using Staithe.Accounts;
using Staithe.Federation;
using Staithe.Search;
using Staithe.Transport;
using static Staithe.Api.Operation;

namespace Staithe.Api;

/// <summary>Every operation of the API, one line each. The router and the OpenAPI document are made from this.</summary>
internal sealed class OperationTable
{
    /// <summary>Where the document is.</summary>
    public const string DocumentPath = "/openapi.json";

    public OperationTable(SignIn signIn, Users users, ServerSecret secret, ImageHandlers images, Finder finder, Trusts trusts)
    {
        var (my, people, robots, search) = (new MyHandlers(signIn, users, secret), new UserHandlers(users), new RobotHandlers(secret, trusts), new SearchHandlers(finder));
        var document = new Lazy<byte[]>(() => OpenApiDocument.Create(Operations!));
        QueryParameter name = new("name", "The repository, such as team/app.", IsRequired: true);
        QueryParameter image = new("image", "The image, such as team/app:1 or team/app@sha256:….", IsRequired: true);
        QueryParameter platform = new("platform", "Of an image for several platforms, which: such as linux/arm64. Unless told, linux/amd64, or the first there is.");
        Operations =
        [
            new Operation("GET", DocumentPath, "getOpenApi", "This document.", null, typeof(object), StatusCodes.Status200OK, async (call, _) =>
            {
                await WholeBody.SendAsync(call.Http, ApiJson.ContentType, document.Value);
                return null;
            }) { IsPublic = true },

            Get("/search", "search", "The repositories that one may pull from and that match; without q, all of them, the newest first.", search.RunAsync) with
            {
                IsOfContent = true,
                Query =
                [
                    new QueryParameter("q", $"Words, and field:value for {string.Join(", ", SearchQuery.Fields.Select(field => field.Field))}; * at the end of a value for what begins so, - before a field for what must not be."),
                    new QueryParameter("sort", "best or updated."),
                    new QueryParameter("after", "Begin behind this entry: next of the page before."),
                    new QueryParameter("limit", "The most entries to answer.", IsNumber: true),
                ],
            },

            Get("/me", "getMe", "Who the credentials belong to, and how far they go.", MyHandlers.GetAsync),
            Put<PasswordChange>("/me/password", "setMyPassword", "Set another password, with the old one; ends what docker login keeps.", my.SetPasswordAsync),
            List("/me/tokens", "listMyTokens", "The own tokens for programs.", MyHandlers.ListTokensAsync),
            Post<NewToken, TokenSecret>("/me/tokens", "addMyToken", "Make a token, when signed in with the password; its secret is in this answer only.", my.AddTokenAsync),
            Delete("/me/tokens/{id}", "deleteMyToken", "Revoke a token; a token may revoke itself.", MyHandlers.DeleteTokenAsync),

            Get("/me/identities", "listMyIdentities", "Who one is elsewhere, and may sign in as.", MyHandlers.ListIdentitiesAsync),
            Delete("/me/identities/{id}", "deleteMyIdentity", "Sign in that way no longer; the only way in stays.", MyHandlers.DeleteIdentityAsync),

            List("/users", "listUsers", "All users, for admins.", UserHandlers.ListAsync),
            Post<NewUser, User>("/users", "addUser", "Make a user, with a space of the same name; for admins.", people.AddAsync),
            Get("/users/{user}", "getUser", "A user, for admins.", UserHandlers.GetAsync),
            Patch<UserChange, User>("/users/{user}", "changeUser", "Make a user an admin or an ordinary one, disable or enable; for admins.", people.ChangeAsync),
            Put<NewPassword>("/users/{user}/password", "setUserPassword", "Set a user's password, for admins; ends what docker login keeps.", people.SetPasswordAsync),

            List("/spaces", "listSpaces", "The spaces that one belongs to: owns, is in a team of, or is given something in.", SpaceHandlers.ListAsync, new QueryParameter("all", "true for all spaces there are, for admins.")),
            Post<NewOrganization, Space>("/organizations", "addOrganization", "Make an organization, whose team \"owners\" one is in.", SpaceHandlers.AddOrganizationAsync),
            Get("/spaces/{space}", "getSpace", "A space.", SpaceHandlers.GetAsync),
            Patch<VisibilityChange, Space>("/spaces/{space}", "changeSpace", "Set how visible its new repositories are; those there are stay as they are.", SpaceHandlers.ChangeAsync),

            List("/spaces/{space}/teams", "listTeams", "The teams, for their members and who manages the space.", TeamHandlers.ListAsync),
            Post<Team, Team>("/spaces/{space}/teams", "addTeam", "Make a team in an organization.", TeamHandlers.AddAsync),
            Get("/spaces/{space}/teams/{team}", "getTeam", "A team and who is in it.", TeamHandlers.GetAsync),
            Delete("/spaces/{space}/teams/{team}", "deleteTeam", "Remove a team and what it was given.", TeamHandlers.DeleteAsync),
            Put("/spaces/{space}/teams/{team}/members/{user}", "addTeamMember", "Take a user into a team; needs the rights that the team has.", TeamHandlers.AddMemberAsync),
            Delete("/spaces/{space}/teams/{team}/members/{user}", "removeTeamMember", "Remove a user from a team; the last owner stays.", TeamHandlers.RemoveMemberAsync),

            List("/spaces/{space}/grants", "listGrants", "Who was given what, for who manages the target.", GrantHandlers.ListAsync, new QueryParameter("target", "Only what is given on this target and below it; unless told, the whole space.")),
            Post<NewGrant, Grant>("/spaces/{space}/grants", "addGrant", "Give rights to a user, a team or a robot; needs the right to manage the target, and these rights.", GrantHandlers.AddAsync),
            Delete("/spaces/{space}/grants/{id}", "deleteGrant", "Take away what was given.", GrantHandlers.DeleteAsync),

            List("/spaces/{space}/robots", "listRobots", "The robots, for who manages the space.", RobotHandlers.ListAsync),
            Post<NewRobot, RobotSecret>("/spaces/{space}/robots", "addRobot", "Make a robot with its first grant; its secret is in this answer only, unless it is keyless and has none.", robots.AddAsync),
            Post<RobotSecret>("/spaces/{space}/robots/{robot}/secret", "setRobotSecret", "Give a robot another secret; the old one is void, the new one in this answer only.", robots.SetSecretAsync),
            List("/spaces/{space}/robots/{robot}/trusts", "listRobotTrusts", "By whose word a keyless robot is let in, for who manages the space.", RobotHandlers.ListTrustsAsync),
            Post<NewTrust, Trust>("/spaces/{space}/robots/{robot}/trusts", "addRobotTrust", "Let a keyless robot in by tokens of an issuer that say certain things; needs the rights that the robot has.", robots.AddTrustAsync),
            Delete("/spaces/{space}/robots/{robot}/trusts/{id}", "deleteRobotTrust", "Let a keyless robot in no longer by such tokens.", RobotHandlers.DeleteTrustAsync),
            Delete("/spaces/{space}/robots/{robot}", "deleteRobot", "Remove a robot and what it was given.", RobotHandlers.DeleteAsync),

            List("/repositories", "listRepositories", "The repositories with content that one may pull from.", RepositoryHandlers.ListAsync),
            Get("/repository", "getRepository", "A repository, and what one may do with it.", RepositoryHandlers.GetAsync) with { Query = [name] },
            Patch<VisibilityChange, Repository>("/repository", "changeRepository", "Set who may pull without having been given any right.", RepositoryHandlers.ChangeAsync) with { Query = [name] },
            Get("/access", "getAccess", "What one may do with a repository and why; what others may, for who manages it.", RepositoryHandlers.GetRightsAsync) with
            {
                Query = [name with { Name = "repository" }, new QueryParameter("user", "Another user."), new QueryParameter("robot", "A robot of the repository's space.")],
            },

            List("/packages", "listPackages", "What is installed in an image.", images.ListPackagesAsync, image, platform) with { IsOfContent = true },
            new Operation("GET", "/sbom", "getSbom", "The packages of an image as a CycloneDX 1.5 document.", null, typeof(object), StatusCodes.Status200OK, (call, _) => images.GetBomAsync(call)) { Query = [image, platform], IsOfContent = true },
            Get("/diff", "getDiff", "What is different in two images: files, packages, configuration, layers.", images.CompareAsync) with
            {
                Query = [image with { Name = "from" }, image with { Name = "to" }, platform],
                IsOfContent = true,
            },

            List("/spaces/{space}/audit", "listSpaceAudit", "Who did what in a space, newest first, for who manages it.", AuditHandlers.OfSpaceAsync) with { AlsoAs = AuditHandlers.Lines },
            List("/audit", "listAudit", "Who did what, newest first, for admins.", AuditHandlers.OfRegistryAsync) with { AlsoAs = AuditHandlers.Lines },
        ];
    }

    public IReadOnlyList<Operation> Operations { get; }
}
